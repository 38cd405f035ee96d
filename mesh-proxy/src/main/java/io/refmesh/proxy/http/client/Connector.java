package io.refmesh.proxy.http.client;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Outcome;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes connections to one endpoint: TCP, then TLS when the endpoint has an identity, each within
 * the connect timeout. Says exactly once how it went, on the event loop.
 */
final class Connector {

  /** Told how one connection went. */
  interface Told {
    /** Ready for HTTP; the pipeline holds nothing but TLS and what the set-up put there. */
    void connected(Channel channel);

    void failed(Outcome.Failed why);
  }

  private final EndpointSpec endpoint;
  private final EventLoop loop;
  private final SecureConnections secure;
  private final long timeoutMillis;
  private final Bootstrap bootstrap;

  Connector(
      EndpointSpec endpoint,
      EventLoop loop,
      SecureConnections secure,
      ChannelFactory<? extends Channel> channels,
      ConnectionPools.ConnectionSetup setup,
      long timeoutMillis) {
    this.endpoint = endpoint;
    this.loop = loop;
    this.secure = secure;
    this.timeoutMillis = timeoutMillis;
    ChannelHandler initializer =
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            setup.prepare(channel.pipeline(), endpoint);
            channel.pipeline().addLast(Connecting.INSTANCE);
          }
        };
    this.bootstrap =
        new Bootstrap()
            .group(loop)
            .channelFactory(channels)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                (int) Math.min(timeoutMillis, Integer.MAX_VALUE))
            .option(ChannelOption.TCP_NODELAY, true)
            .handler(initializer);
  }

  void connect(Told told) {
    bootstrap
        .connect(endpoint.dial().toSocketAddress())
        .addListener(future -> connected((ChannelFuture) future, told));
  }

  private void connected(ChannelFuture future, Told told) {
    if (!future.isSuccess()) {
      told.failed(failure(future.cause()));
      return;
    }
    future.channel().pipeline().remove(Connecting.INSTANCE);
    if (endpoint.identity().isEmpty()) {
      told.connected(future.channel());
    } else {
      Securing securing = new Securing(future.channel(), told);
      securing.start();
    }
  }

  private Outcome.Failed failure(@Nullable Throwable cause) {
    if (cause instanceof ConnectTimeoutException) {
      return Outcome.Failed.before(
          MeshError.CONNECT_TIMEOUT,
          name() + " did not take the connection within " + timeoutMillis + " ms");
    }
    return Outcome.Failed.before(
        MeshError.CONNECT_FAILED,
        name() + ": " + (cause == null ? "no connection" : cause.getMessage()));
  }

  /** What errors call the endpoint. */
  String name() {
    return endpoint.dial().equals(endpoint.address())
        ? endpoint.address().toString()
        : endpoint.address() + " (by way of " + endpoint.dial() + ")";
  }

  EventLoop loop() {
    return loop;
  }

  long timeoutMillis() {
    return timeoutMillis;
  }

  /**
   * The handshake of one connection: the verdict, the timeout and the close of the channel race for
   * the one answer.
   */
  private final class Securing implements SecureConnections.Verdict {

    private final Channel channel;
    private final Told told;
    private final ScheduledFuture<?> timer;
    private boolean decided;

    Securing(Channel channel, Told told) {
      this.channel = channel;
      this.told = told;
      this.timer =
          loop.schedule(
              () ->
                  fail(
                      Outcome.Failed.before(
                          MeshError.CONNECT_TIMEOUT,
                          name()
                              + " did not finish the TLS handshake within "
                              + timeoutMillis
                              + " ms")),
              timeoutMillis,
              TimeUnit.MILLISECONDS);
    }

    void start() {
      channel
          .closeFuture()
          .addListener(closed ->
              fail(
                  Outcome.Failed.before(
                      MeshError.TLS_HANDSHAKE_FAILED,
                      name() + " closed the connection during the TLS handshake")));
      secure.secure(channel, endpoint, this);
    }

    @Override
    public void secured() {
      if (!decided) {
        decided = true;
        timer.cancel(false);
        told.connected(channel);
      }
    }

    @Override
    public void failed(Outcome.Failed why) {
      fail(why);
    }

    private void fail(Outcome.Failed why) {
      if (!decided) {
        decided = true;
        timer.cancel(false);
        channel.close();
        told.failed(why);
      }
    }
  }
}
