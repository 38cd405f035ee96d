package io.refmesh.proxy.relay;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.accept.ConnectionMeter;
import io.refmesh.proxy.accept.Transport;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.time.Duration;

/** Makes plain TCP connections for relays. */
public final class Dialer {

  /** Told once, on the event loop and before a byte is read. */
  public interface Told {
    void connected(Channel channel);

    void failed(MeshError error, String detail);
  }

  private final Transport transport;
  private final ProxyMetrics metrics;

  public Dialer(Transport transport, ProxyMetrics metrics) {
    this.transport = transport;
    this.metrics = metrics;
  }

  public void dial(
      EventLoop loop,
      HostPort address,
      Duration timeout,
      ConnectionMeter.Labels labels,
      Told told) {
    new Bootstrap()
        .group(loop)
        .channelFactory(transport.connections())
        .option(
            ChannelOption.CONNECT_TIMEOUT_MILLIS,
            (int) Math.min(timeout.toMillis(), Integer.MAX_VALUE))
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                transport.prepare(channel);
                channel.pipeline().addLast(ConnectionMeter.connecting(metrics, labels));
              }
            })
        .connect(address.toSocketAddress())
        .addListener((ChannelFuture connected) -> {
          if (connected.isSuccess()) {
            told.connected(connected.channel());
          } else if (connected.cause() instanceof ConnectTimeoutException) {
            told.failed(
                MeshError.CONNECT_TIMEOUT,
                address + " did not take the connection within " + timeout.toMillis() + " ms");
          } else {
            told.failed(MeshError.CONNECT_FAILED, address + ": " + connected.cause().getMessage());
          }
        });
  }
}
