package io.refmesh.proxy.accept;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;

/**
 * Ends a connection that may be half closed. On its event loop.
 *
 * <p>Such a channel still reads in the event in which it was closed, by a descriptor that belongs
 * to another socket by then (Netty 4.2.18), unless it is told before that halves do not matter any
 * more:
 *
 * <ol>
 *   <li>one event says writable and readable; the write fails and the channel is closed;
 *   <li>another thread opens a socket and gets the number of the descriptor;
 *   <li>the first channel goes on to read, and takes what the other socket has received.
 * </ol>
 */
public final class HalfClosing {

  private HalfClosing() {}

  /** After what was written is out. */
  public static ChannelFuture close(Channel channel) {
    forgetHalves(channel);
    return channel.close();
  }

  /**
   * Closes with RST, and without the goodbye of TLS: what is not out yet is dropped. Nothing
   * happens when the peer has gone already: its socket takes no more options.
   */
  public static void reset(Channel channel) {
    if (!channel.isOpen()) {
      return;
    }
    forgetHalves(channel);
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    ChannelHandlerContext first = channel.pipeline().firstContext();
    if (first == null) {
      channel.close();
    } else {
      // From the first handler's place: only the socket itself is asked.
      first.close();
    }
  }

  private static void forgetHalves(Channel channel) {
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
  }
}
