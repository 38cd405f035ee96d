package io.refmesh.proxy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.proxy.accept.Transport;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.server.Http2Server;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.MeshAlpn;
import io.refmesh.proxy.tls.MeshTls;
import io.refmesh.proxy.tls.Secured;
import io.refmesh.proxy.tls.TlsRefused;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * The port on which taps are served: mutual TLS with certificates of the mesh, HTTP/2 inside. On
 * the side loop, so that watching costs traffic as little as possible.
 */
final class TapPort implements AutoCloseable {

  private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);

  private static final int CONNECTIONS_MAX = 16;

  private final Channel listener;
  private final ChannelGroup connections;

  private TapPort(Channel listener, ChannelGroup connections) {
    this.listener = listener;
    this.connections = connections;
  }

  /** Listens on the address, or throws with the address in the message. */
  static TapPort start(
      HostPort address,
      EventLoopGroup loops,
      Transport transport,
      MeshTls tls,
      HttpService service,
      ProxyMetrics metrics,
      Ticker ticker)
      throws IOException {
    ChannelGroup connections = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
    Counter full = metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "tap-connections");
    ServerSettings settings = ServerSettings.of(ServerSettings.Role.INBOUND, ticker);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops)
            .channelFactory(transport.listeners())
            .option(ChannelOption.SO_REUSEADDR, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel connection) {
                    if (connections.size() >= CONNECTIONS_MAX) {
                      full.increment();
                      connection.close();
                      return;
                    }
                    connections.add(connection);
                    transport.prepare(connection);
                    // Without a certificate there is nobody who could be trusted, nor proved to.
                    if (!tls.accept(
                        connection.pipeline(),
                        HANDSHAKE_TIMEOUT,
                        new Handshake(service, settings))) {
                      connection.close();
                    }
                  }
                })
            .bind(address.toSocketAddress())
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "tap port: "
              + address
              + " cannot be bound ("
              + bound.cause().getMessage()
              + "); is something else on it?",
          bound.cause());
    }
    return new TapPort(bound.channel(), connections);
  }

  /** Where it listens; the port is a real one also when 0 was asked for. */
  HostPort address() {
    InetSocketAddress local = (InetSocketAddress) listener.localAddress();
    return new HostPort(local.getAddress().getHostAddress(), local.getPort());
  }

  @Override
  public void close() {
    listener.close().awaitUninterruptibly();
    connections.close().awaitUninterruptibly();
  }

  private record Handshake(HttpService service, ServerSettings settings) implements MeshTls.Next {

    @Override
    public void secured(ChannelHandlerContext context, Secured what) {
      if (what.protocol() != MeshAlpn.HTTP_2) {
        context.close();
        return;
      }
      Caller caller =
          new Caller(
              (InetSocketAddress) context.channel().remoteAddress(),
              Optional.of(what.peer()),
              true);
      Http2Server.install(context.pipeline(), service, caller, settings);
    }

    @Override
    public void refused(ChannelHandlerContext context, TlsRefused why) {}
  }
}
