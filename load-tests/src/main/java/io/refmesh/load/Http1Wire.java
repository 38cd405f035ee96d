package io.refmesh.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 connections of one stream, in clear or over TLS: one request at a time on each, the most
 * recently used idle one first, a new one when none is idle. The bound on requests in flight bounds
 * the connections.
 */
final class Http1Wire implements Wire {

  /** More idle connections than this are left over from a stall. */
  private static final int IDLE_MAX = 256;

  private final Bootstrap bootstrap;
  private final Deque<Channel> idle = new ArrayDeque<>();

  /**
   * Makes the wire of one stream.
   *
   * @param tls verifies chain and host name; null for HTTP in clear
   */
  Http1Wire(EventLoop loop, StreamPlan stream, byte[] requestBody, @Nullable SslContext tls) {
    this.bootstrap =
        Wire.bootstrap(loop, stream)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (tls != null) {
                      channel
                          .pipeline()
                          .addLast(tls.newHandler(channel.alloc(), stream.host(), stream.port()));
                    }
                    channel.pipeline().addLast(new HttpClientCodec());
                    channel
                        .pipeline()
                        .addLast(
                            new ExchangeHandler(requestBody, Http1Wire.this::keep, idle::remove));
                  }
                });
  }

  @Override
  public void send(Exchange exchange) {
    for (Channel channel = idle.pollLast(); channel != null; channel = idle.pollLast()) {
      if (channel.isActive()) {
        begin(channel, exchange);
        return;
      }
    }
    bootstrap
        .connect()
        .addListener((ChannelFutureListener) connected -> whenConnected(connected, exchange));
  }

  private void whenConnected(ChannelFuture connected, Exchange exchange) {
    Channel channel = connected.channel();
    if (!connected.isSuccess()) {
      exchange.fail(Outcome.CONNECT, Failures.text(connected.cause()));
      return;
    }
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls == null) {
      begin(channel, exchange);
      return;
    }
    exchange.onAbandon(channel::close);
    tls.handshakeFuture()
        .addListener(handshake -> {
          if (handshake.isSuccess()) {
            begin(channel, exchange);
          } else {
            exchange.fail(Outcome.CONNECT, "TLS: " + Failures.text(handshake.cause()));
            channel.close();
          }
        });
  }

  private static void begin(Channel channel, Exchange exchange) {
    if (exchange.isDone() && exchange.stream().newConnectionEach()) {
      channel.close();
      return;
    }
    channel.pipeline().get(ExchangeHandler.class).begin(channel, exchange);
  }

  private void keep(Channel channel) {
    if (idle.size() < IDLE_MAX) {
      idle.addLast(channel);
    } else {
      channel.close();
    }
  }

  @Override
  public void close() {
    idle.forEach(Channel::close);
  }
}
