package io.refmesh.proxy.accept;

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
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.function.Consumer;

/**
 * A port of the proxy that carries no traffic: a few connections at once, of people and tools.
 * Those beyond are closed and counted. Bound and closed from any thread.
 */
public final class SidePort implements AutoCloseable {

  private final Channel listener;
  private final ChannelGroup connections;

  private SidePort(Channel listener, ChannelGroup connections) {
    this.listener = listener;
    this.connections = connections;
  }

  /**
   * Listens on the address, or throws with the address in the message.
   *
   * @param name what the port is for, in the message and in the metric
   * @param loops carry no traffic; stay the caller's
   * @param serve puts into the pipeline of a new connection what answers it, or closes it
   */
  public static SidePort bind(
      String name,
      HostPort address,
      EventLoopGroup loops,
      ChannelFactory<? extends ServerChannel> listeners,
      int connectionsMax,
      ProxyMetrics metrics,
      Consumer<Channel> serve)
      throws IOException {
    ChannelGroup connections = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
    Counter full = metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, name + "-connections");
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops)
            .channelFactory(listeners)
            // A restarted proxy takes the port over from connections in TIME_WAIT.
            .option(ChannelOption.SO_REUSEADDR, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel connection) {
                    if (connections.size() >= connectionsMax) {
                      full.increment();
                      connection.close();
                    } else {
                      connections.add(connection);
                      serve.accept(connection);
                    }
                  }
                })
            .bind(address.toSocketAddress())
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          name
              + " port: "
              + address
              + " cannot be bound ("
              + bound.cause().getMessage()
              + "); is something else on it?",
          bound.cause());
    }
    return new SidePort(bound.channel(), connections);
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
