package io.refmesh.shop.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2StreamChannel;

/** The rude way to end a connection or a stream. */
final class Resets {
  private Resets() {}

  /** A TCP reset: with a linger time of 0 the kernel sends RST and drops what is unsent. */
  static void connection(Channel channel) {
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    // Past the HTTP/2 codec, which would say goodbye first.
    channel.unsafe().close(channel.voidPromise());
  }

  /** The stream of an HTTP/2 connection, else the whole connection. */
  static void exchange(Channel channel) {
    if (channel instanceof Http2StreamChannel) {
      channel.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.INTERNAL_ERROR));
    } else {
      connection(channel);
    }
  }
}
