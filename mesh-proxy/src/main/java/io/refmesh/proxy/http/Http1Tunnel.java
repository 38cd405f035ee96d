package io.refmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.ReferenceCountUtil;
import io.refmesh.proxy.accept.HalfClosing;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1 connection that has become something else, after a 101 or the 2xx to a CONNECT: what it
 * reads fills one pipe, what the other pipe brings is written. Takes the place of the HTTP decoder.
 *
 * <p>The end of one direction is passed on as half a close; when both have ended the connection
 * closes by itself. A cut is passed on as a reset: the peer must not take it for an end. On the
 * event loop of the connection.
 */
public final class Http1Tunnel extends ChannelInboundHandlerAdapter implements BodyPipe.Sink {

  /** The exchange or try that the tunnel belongs to. */
  public interface Owner {

    /** Both directions have ended; nothing else will be told. */
    void tunnelEnded();

    /** The bytes to be written were cut: the connection has been reset. */
    void tunnelCut(Outcome.Failed why);
  }

  /**
   * Bytes read that nobody has taken before reading pauses; reading goes on when half of them are
   * taken.
   */
  private static final int CREDIT = 128 * 1024;

  private final BodyPipe incoming;
  private final BodyPipe outgoing;
  private final Owner owner;
  private @Nullable ChannelHandlerContext contextOrNull;
  private @Nullable FlushLater flushOrNull;
  private int outstanding;
  private int owed;
  private boolean incomingEnded;
  private boolean outgoingEnded;
  private boolean over;

  /**
   * @param incoming its source hands what is consumed to {@link #consumed}
   * @param outgoing to be attached to this tunnel once it is in the pipeline
   */
  public Http1Tunnel(BodyPipe incoming, BodyPipe outgoing, Owner owner) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.owner = owner;
  }

  // -- what the channel says

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    contextOrNull = context;
    flushOrNull = new FlushLater(context);
    context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    read(true);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!(message instanceof ByteBuf bytes)) {
      // The end of the head that the decoder was still handing on.
      ReferenceCountUtil.release(message);
      return;
    }
    outstanding += bytes.readableBytes();
    incoming.data(bytes);
    if (outstanding > CREDIT) {
      read(false);
    }
  }

  /** So many bytes of what was read have been taken. */
  public void consumed(int bytes) {
    outstanding -= bytes;
    if (outstanding <= CREDIT / 2 && !over) {
      read(true);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      if (!incomingEnded) {
        incomingEnded = true;
        incoming.end(null);
        maybeEnd();
      }
      return;
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (context.channel().isWritable()) {
      giveCredit();
    }
    context.fireChannelWritabilityChanged();
  }

  private void giveCredit() {
    int bytes = owed;
    owed = 0;
    if (bytes > 0) {
      outgoing.consumed(bytes);
    }
  }

  // -- what is to be written

  @Override
  public void data(ByteBuf chunk) {
    int length = chunk.readableBytes();
    if (over || outgoingEnded || length == 0) {
      chunk.release();
      outgoing.consumed(length);
      return;
    }
    context().write(chunk, context().voidPromise());
    if (flushOrNull != null) {
      flushOrNull.written();
    }
    if (context().channel().isWritable()) {
      outgoing.consumed(length);
    } else {
      owed += length;
    }
  }

  @Override
  public void end(@Nullable Http2Headers trailers) {
    if (outgoingEnded || over) {
      return;
    }
    outgoingEnded = true;
    // Completes when all before it is on the wire.
    context()
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(written -> endWritten((ChannelFuture) written));
    maybeEnd();
  }

  private void endWritten(ChannelFuture written) {
    Channel channel = written.channel();
    if (over) {
      close();
    } else if (written.isSuccess() && channel instanceof DuplexChannel duplex) {
      duplex.shutdownOutput();
    }
  }

  @Override
  public void failed(Outcome.Failed why) {
    if (!over) {
      cut();
      owner.tunnelCut(why);
    }
  }

  // -- the end

  private void maybeEnd() {
    if (over || !incomingEnded || !outgoingEnded) {
      return;
    }
    over = true;
    context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> close());
    owner.tunnelEnded();
  }

  /** Resets the connection. */
  public void cut() {
    if (over) {
      return;
    }
    over = true;
    giveCredit();
    HalfClosing.reset(context().channel());
  }

  private void close() {
    Channel channel = context().channel();
    if (channel.isOpen()) {
      HalfClosing.close(channel);
    }
  }

  private void read(boolean on) {
    // epoll refuses to change what it is to tell about a socket that is closed.
    if (context().channel().isOpen() && !incomingEnded) {
      context().channel().config().setAutoRead(on);
    }
  }

  private ChannelHandlerContext context() {
    if (contextOrNull == null) {
      throw new IllegalStateException("used before it was added to a pipeline");
    }
    return contextOrNull;
  }
}
