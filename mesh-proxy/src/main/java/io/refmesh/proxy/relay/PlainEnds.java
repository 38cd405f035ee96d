package io.refmesh.proxy.relay;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;

/**
 * {@link End} for plain TCP: half a close, in both directions. The channel must allow half closure.
 */
final class PlainEnds extends ChannelDuplexHandler {

  private boolean ended;

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent && !ended) {
      ended = true;
      context.fireUserEventTriggered(End.OF_DIRECTION);
    } else {
      context.fireUserEventTriggered(event);
    }
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (message != End.OF_DIRECTION) {
      context.write(message, promise);
      return;
    }
    // An empty write completes when all before it are on the wire; only then may the socket say
    // that nothing follows.
    context
        .write(Unpooled.EMPTY_BUFFER)
        .addListener(
            (ChannelFutureListener)
                written -> {
                  if (written.isSuccess()) {
                    ((DuplexChannel) context.channel()).shutdownOutput(promise);
                  } else {
                    promise.tryFailure(written.cause());
                  }
                });
  }
}
