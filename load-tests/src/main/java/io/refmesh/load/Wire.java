package io.refmesh.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.net.InetSocketAddress;

/** The connections of one stream of the plan. All methods are called on the event loop. */
sealed interface Wire permits Http1Wire, Http2Wire {

  /** A loopback connect that takes longer than this has failed. */
  int CONNECT_TIMEOUT_MILLIS = 5000;

  /**
   * Sends the request, over a connection at hand or a new one, and sees to it that the exchange
   * finishes when the transport fails. Never sends twice.
   */
  void send(Exchange exchange);

  /** Closes the connections that carry nothing. */
  void close();

  /** Where connections of this stream start; the name is resolved by the JVM at each connect. */
  static Bootstrap bootstrap(EventLoop loop, StreamPlan stream) {
    return new Bootstrap()
        .group(loop)
        .channel(NioSocketChannel.class)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .option(ChannelOption.TCP_NODELAY, true)
        .remoteAddress(InetSocketAddress.createUnresolved(stream.host(), stream.port()));
  }
}
