package io.refmesh.proxy.admin;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.compression.StandardCompressionOptions;
import io.netty.handler.codec.http.HttpContentCompressor;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.io.IOException;
import java.net.InetSocketAddress;

/** The admin port: plain HTTP/1 for people, kubelets, Prometheus and the command line. */
public final class AdminServer implements AutoCloseable {

  /** Requests have no bodies to speak of: a log level. */
  private static final int BODY_BYTES_MAX = 1024;

  /** Smaller answers are not worth compressing. */
  private static final int COMPRESS_FROM_BYTES = 1024;

  private static final int IDLE_SECONDS = 60;

  /** A handful of scrapers and people; more is a mistake somewhere. */
  private static final int CONNECTIONS_MAX = 64;

  private final Channel listener;
  private final ChannelGroup connections;

  private AdminServer(Channel listener, ChannelGroup connections) {
    this.listener = listener;
    this.connections = connections;
  }

  /**
   * Listens on the address, or throws with the address in the message.
   *
   * @param loop one loop that carries no traffic; stays the caller's
   */
  public static AdminServer start(
      HostPort address,
      EventLoopGroup loop,
      ChannelFactory<? extends ServerChannel> listeners,
      AdminState state,
      ProxyMetrics metrics)
      throws IOException {
    ChannelGroup connections = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
    Counter refused = metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "admin-connections");
    AdminHandler handler = new AdminHandler(state, metrics);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loop)
            .channelFactory(listeners)
            // A restarted proxy takes the port over from connections in TIME_WAIT.
            .option(ChannelOption.SO_REUSEADDR, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel connection) {
                    if (connections.size() >= CONNECTIONS_MAX) {
                      refused.increment();
                      connection.close();
                      return;
                    }
                    connections.add(connection);
                    connection
                        .pipeline()
                        .addLast(new ReadTimeoutHandler(IDLE_SECONDS))
                        .addLast(new HttpServerCodec())
                        .addLast(new HttpServerKeepAliveHandler())
                        .addLast(
                            new HttpContentCompressor(
                                COMPRESS_FROM_BYTES, StandardCompressionOptions.gzip()))
                        .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                        .addLast(handler);
                  }
                })
            .bind(address.toSocketAddress())
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "admin port: "
              + address
              + " cannot be bound ("
              + bound.cause().getMessage()
              + "); is something else on it?",
          bound.cause());
    }
    return new AdminServer(bound.channel(), connections);
  }

  /** Where it listens; the port is a real one also when 0 was asked for. */
  public HostPort address() {
    InetSocketAddress local = (InetSocketAddress) listener.localAddress();
    return new HostPort(local.getAddress().getHostAddress(), local.getPort());
  }

  /** Closes the port and every connection. */
  @Override
  public void close() {
    listener.close().awaitUninterruptibly();
    connections.close().awaitUninterruptibly();
  }
}
