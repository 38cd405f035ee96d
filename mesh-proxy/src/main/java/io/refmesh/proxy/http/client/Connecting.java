package io.refmesh.proxy.http.client;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Stands in the pipeline while a channel connects: epoll reports a socket that has no connection
 * yet as hung up, and what Netty makes of it is no error of anybody.
 */
@Sharable
final class Connecting extends ChannelInboundHandlerAdapter {

  static final Connecting INSTANCE = new Connecting();

  private Connecting() {}

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (context.channel().isActive()) {
      context.fireExceptionCaught(cause);
    }
  }
}
