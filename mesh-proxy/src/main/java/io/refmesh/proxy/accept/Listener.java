package io.refmesh.proxy.accept;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Takes connections on addresses of this machine, finds out what they were meant for, and hands
 * them to the next step. Safe on any thread; what is accepted belongs to an event loop.
 */
public final class Listener {

  private static final Logger LOG = Logger.getLogger(Listener.class.getName());

  /** Connections that the kernel holds while the loops are busy. */
  private static final int BACKLOG = 1024;

  /** The step that follows, on the event loop of the connection and before its first byte. */
  public interface Next {
    void accepted(Accepted connection);
  }

  /** One bound address. */
  public interface Bound {

    HostPort address();

    /** Takes no more connections; those that were taken live on. */
    CompletionStage<Void> close();
  }

  private final EventLoopGroup loops;
  private final Transport transport;
  private final OriginalDestination destinations;
  private final ConnectionLimit limit;
  private final ProxyMetrics metrics;
  private final OncePerMinute lines;
  private final Next next;

  public Listener(
      EventLoopGroup loops,
      Transport transport,
      OriginalDestination destinations,
      ConnectionLimit limit,
      ProxyMetrics metrics,
      Ticker ticker,
      Next next) {
    this.loops = loops;
    this.transport = transport;
    this.destinations = destinations;
    this.limit = limit;
    this.metrics = metrics;
    this.lines = new OncePerMinute(ticker);
    this.next = next;
  }

  /** Fails with the operating system's reason. */
  public CompletionStage<Bound> bind(HostPort address) {
    CompletableFuture<Bound> bound = new CompletableFuture<>();
    new ServerBootstrap()
        .group(loops)
        .channelFactory(transport.listeners())
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                accept(channel);
              }
            })
        .bind(address.toSocketAddress())
        .addListener((io.netty.channel.ChannelFuture future) -> {
          if (future.isSuccess()) {
            bound.complete(new BoundChannel(future.channel()));
          } else {
            bound.completeExceptionally(future.cause());
          }
        });
    return bound;
  }

  private void accept(Channel channel) {
    if (!(channel.remoteAddress() instanceof InetSocketAddress peer)) {
      // Gone before we looked.
      channel.close();
      return;
    }
    if (!limit.enter()) {
      metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "REFMESH_CONNECTIONS").increment();
      refuse(channel, "", MeshError.OVERLOADED, "REFMESH_CONNECTIONS are open already");
      return;
    }
    channel.closeFuture().addListener(closed -> limit.leave());
    Optional<Target> target = destinations.of(channel);
    if (target.isEmpty()) {
      refuse(channel, "", MeshError.LOOP, "aimed at the proxy itself");
      return;
    }
    transport.prepare(channel);
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    ConnectionMeter meter = new ConnectionMeter(metrics, labels(target.get(), channel));
    channel.pipeline().addLast(meter);
    next.accepted(new Accepted(channel, peer, target.get(), meter));
  }

  private static ConnectionMeter.Labels labels(Target target, Channel channel) {
    return switch (target) {
      case Target.Inbound inbound ->
          new ConnectionMeter.Labels(
              "inbound",
              "src",
              false,
              "",
              "",
              Integer.toString(inbound.port()),
              address(channel, inbound.port()));
      case Target.Named named ->
          new ConnectionMeter.Labels("outbound", "src", false, "", "", "", address(channel));
      case Target.Outbound(var service, var protocol) ->
          new ConnectionMeter.Labels(
              "outbound",
              "src",
              false,
              service.namespace(),
              service.service(),
              Integer.toString(service.port()),
              address(channel, service.port()));
      case Target.Captured(HostPort called) ->
          new ConnectionMeter.Labels(
              "outbound", "src", false, "", "", Integer.toString(called.port()), called.toString());
    };
  }

  private static String address(Channel channel) {
    return channel.localAddress() instanceof InetSocketAddress local
        ? address(channel, local.getPort())
        : "";
  }

  /** With a redirect the port is not the one that was accepted on. */
  private static String address(Channel channel, int port) {
    return channel.localAddress() instanceof InetSocketAddress local
        ? new HostPort(local.getAddress().getHostAddress(), port).toString()
        : "";
  }

  private void refuse(Channel channel, String direction, MeshError error, String why) {
    metrics.counter(ProxyMetric.REFUSED_TOTAL, direction, error.code()).increment();
    if (lines.due(error.code() + channel.localAddress())) {
      LOG.log(
          Level.WARNING,
          "connection refused: error={0} peer={1} listener={2} ({3}; {4})",
          new Object[] {
            error.code(), channel.remoteAddress(), channel.localAddress(), why, error.check()
          });
    }
    HalfClosing.reset(channel);
  }

  private record BoundChannel(Channel channel) implements Bound {

    @Override
    public HostPort address() {
      InetSocketAddress local = (InetSocketAddress) channel.localAddress();
      return new HostPort(local.getAddress().getHostAddress(), local.getPort());
    }

    @Override
    public CompletionStage<Void> close() {
      CompletableFuture<Void> closed = new CompletableFuture<>();
      channel.close().addListener(done -> closed.complete(null));
      return closed;
    }
  }
}
