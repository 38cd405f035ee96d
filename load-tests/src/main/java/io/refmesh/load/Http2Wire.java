package io.refmesh.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/2 connections of one stream in clear, with prior knowledge: many requests at once on each,
 * another connection when all are full or told to go away.
 */
final class Http2Wire implements Wire {

  /** Requests at once on a connection, even when the peer would take more. */
  private static final int STREAMS_MAX = 100;

  private final StreamPlan stream;
  private final byte[] requestBody;
  private final Bootstrap bootstrap;
  private final List<Connection> connections = new ArrayList<>();

  Http2Wire(EventLoop loop, StreamPlan stream, byte[] requestBody) {
    this.stream = stream;
    this.requestBody = requestBody;
    this.bootstrap = Wire.bootstrap(loop, stream);
  }

  @Override
  public void send(Exchange exchange) {
    for (Connection connection : connections) {
      if (connection.hasRoom()) {
        connection.send(exchange);
        return;
      }
    }
    Connection connection = new Connection();
    connections.add(connection);
    connection.send(exchange);
    connection.connect();
  }

  @Override
  public void close() {
    List.copyOf(connections).forEach(Connection::close);
  }

  /**
   * One HTTP/2 connection: requests wait in it until it is made, and it is dropped when it closes.
   */
  private final class Connection extends ChannelInboundHandlerAdapter {

    private final List<Exchange> waiting = new ArrayList<>();
    private @Nullable Channel channel;
    private long streamsMax = stream.newConnectionEach() ? 1 : STREAMS_MAX;
    private int active;
    private boolean leaving;

    boolean hasRoom() {
      return !leaving && active < streamsMax;
    }

    void send(Exchange exchange) {
      active++;
      leaving = leaving || stream.newConnectionEach();
      if (channel == null) {
        waiting.add(exchange);
      } else {
        open(channel, exchange);
      }
    }

    void connect() {
      bootstrap
          .clone()
          .handler(
              new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                  channel
                      .pipeline()
                      .addLast(
                          Http2FrameCodecBuilder.forClient()
                              .initialSettings(Http2Settings.defaultSettings().pushEnabled(false))
                              .build());
                  channel.pipeline().addLast(new Http2MultiplexHandler(new RefusePush()));
                  channel.pipeline().addLast(Connection.this);
                }
              })
          .connect()
          .addListener(
              (ChannelFutureListener)
                  connected -> {
                    if (connected.isSuccess()) {
                      Channel made = connected.channel();
                      channel = made;
                      waiting.forEach(exchange -> open(made, exchange));
                    } else {
                      connections.remove(this);
                      waiting.forEach(exchange ->
                          exchange.fail(Outcome.CONNECT, Failures.text(connected.cause())));
                    }
                    waiting.clear();
                  });
    }

    private void open(Channel connection, Exchange exchange) {
      if (exchange.isDone()) {
        streamClosed();
        return;
      }
      new Http2StreamChannelBootstrap(connection)
          .handler(
              new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                  channel.pipeline().addLast(new Http2StreamFrameToHttpObjectCodec(false));
                  channel
                      .pipeline()
                      .addLast(
                          new ExchangeHandler(
                              requestBody, Channel::close, closed -> streamClosed()));
                }
              })
          .open()
          .addListener((Future<Channel> opened) -> {
            if (opened.isSuccess()) {
              opened
                  .getNow()
                  .pipeline()
                  .get(ExchangeHandler.class)
                  .begin(opened.getNow(), exchange);
            } else {
              exchange.cut("stream not opened: " + Failures.text(opened.cause()));
              streamClosed();
            }
          });
    }

    private void streamClosed() {
      active--;
      if (active == 0 && leaving) {
        close();
      }
    }

    void close() {
      if (channel != null) {
        channel.close();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object frame) {
      if (frame instanceof Http2SettingsFrame settings
          && settings.settings().maxConcurrentStreams() != null) {
        streamsMax = Math.min(streamsMax, settings.settings().maxConcurrentStreams());
      } else if (frame instanceof Http2GoAwayFrame) {
        leaving = true;
        connections.remove(this);
        if (active == 0) {
          close();
        }
      }
      ReferenceCountUtil.release(frame);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      leaving = true;
      connections.remove(this);
      context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      // Its requests learn of it when the connection closes.
      context.close();
    }
  }

  /** Push is switched off, so a pushed stream is a mistake of the peer. */
  private static final class RefusePush extends ChannelInitializer<Channel> {
    @Override
    protected void initChannel(Channel channel) {
      channel.close();
    }
  }
}
