package io.refmesh.shop.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The application port: listens, counts connections, drains. */
public final class AppServer {
  private static final int CONNECTIONS_MAX = 10_000;
  private static final int BACKLOG = 1024;

  private final App app;
  private final boolean lines;
  private final Duration drainTimeout;
  private final ChannelGroup connections;
  private final EventLoopGroup group;

  /** {@code lines}: the TCP service in place of HTTP. */
  public AppServer(App app, boolean lines, Duration drainTimeout, EventLoopGroup group) {
    this.app = app;
    this.lines = lines;
    this.drainTimeout = drainTimeout;
    this.group = group;
    connections = new DefaultChannelGroup("connections", group.next());
  }

  /** Returns the listening channel; fails as the bind fails. */
  public Channel listen(InetSocketAddress address) throws InterruptedException {
    return new ServerBootstrap()
        .group(group)
        .channel(NioServerSocketChannel.class)
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel channel) {
                accept(channel);
              }
            })
        .bind(address)
        .sync()
        .channel();
  }

  private void accept(SocketChannel channel) {
    if (app.record.traffic().open() >= CONNECTIONS_MAX) {
      app.record.traffic().refused();
      channel.close();
      return;
    }
    connections.add(channel);
    channel.pipeline().addLast(new ConnectionMeter(app.record.traffic(), channel));
    if (lines) {
      LineHandler.install(channel.pipeline(), app);
    } else {
      channel.pipeline().addLast(new ProtocolChoice(app, drainTimeout));
    }
  }

  /**
   * Ends every connection as its protocol allows, at the latest after the drain timeout. Call after
   * the listening channel is closed; completes when no connection is left.
   */
  public CompletableFuture<Void> drain() {
    CompletableFuture<Void> drained = new CompletableFuture<>();
    group
        .next()
        .execute(() -> {
          app.beginDrain();
          Future<?> latest =
              group
                  .next()
                  .schedule(
                      () -> {
                        app.beginCuttingOff();
                        connections.forEach(Resets::connection);
                      },
                      drainTimeout.toNanos(),
                      TimeUnit.NANOSECONDS);
          connections
              .newCloseFuture()
              .addListener(closed -> {
                latest.cancel(false);
                drained.complete(null);
              });
          for (Channel connection : connections) {
            connection.pipeline().fireUserEventTriggered(Drain.BEGIN);
          }
        });
    return drained;
  }
}
