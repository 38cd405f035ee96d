package io.refmesh.proxy.http;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;

/**
 * Closes a connection that may be half closed. Such a channel still reads in the event in which it
 * was closed, by a descriptor that belongs to another socket by then (Netty 4.2.18), unless it is
 * told before that halves do not matter any more. On its event loop.
 */
public final class HalfClosing {

  private HalfClosing() {}

  public static ChannelFuture close(ChannelHandlerContext context) {
    context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
    return context.close();
  }
}
