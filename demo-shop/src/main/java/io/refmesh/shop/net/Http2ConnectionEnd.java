package io.refmesh.shop.net;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Last in the pipeline of an HTTP/2 connection: says GOAWAY when draining and closes on what nobody
 * handled.
 */
final class Http2ConnectionEnd extends ChannelInboundHandlerAdapter {
  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == Drain.BEGIN) {
      // The codec sends GOAWAY, waits for the streams that are open and closes then.
      context.channel().close();
      return;
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }
}
