package io.refmesh.proxy.simulation;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Some calls at a time over one HTTP/2 connection without TLS, each on a stream of its own; see
 * {@link Conversation} for how. After GOAWAY, and when the connection is gone, the next calls go
 * over another one.
 */
public final class Http2Client implements Client {

  private final SimulatedTransport transport;
  private final EventLoop loop;
  private final InetSocketAddress service;
  private final Script script;
  private final int streams;
  private final Http2Settings settings;
  private final Set<Channel> open = new LinkedHashSet<>();
  private final Set<Conversation> conversations = new LinkedHashSet<>();

  /** Takes calls; one that had GOAWAY does no more. */
  private @Nullable Channel channel;

  private boolean connecting;
  private boolean stopped;

  /**
   * @param streams calls at a time
   * @param windowBytes of a stream
   */
  public Http2Client(
      SimulatedTransport transport,
      EventLoop loop,
      InetSocketAddress service,
      Script script,
      int streams,
      int windowBytes) {
    this.transport = transport;
    this.loop = loop;
    this.service = service;
    this.script = script;
    this.streams = streams;
    this.settings =
        Http2Settings.defaultSettings().pushEnabled(false).initialWindowSize(windowBytes);
  }

  @Override
  public void start() {
    for (int i = 0; i < streams; i++) {
      new Slot().later(script.draw(script.thinkMillis()));
    }
  }

  @Override
  public void stop() {
    stopped = true;
    Set.copyOf(conversations).forEach(Conversation::stop);
    Set.copyOf(open).forEach(Channel::close);
  }

  private void connect() {
    if (connecting) {
      return;
    }
    connecting = true;
    new Bootstrap()
        .group(loop)
        .channelFactory(transport.connections())
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 1000)
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel connection) {
                connection
                    .pipeline()
                    .addLast(
                        Http2FrameCodecBuilder.forClient()
                            .initialSettings(settings)
                            .gracefulShutdownTimeoutMillis(0)
                            .build(),
                        new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()),
                        new Connection());
              }
            })
        .connect(service)
        .addListener((ChannelFuture connected) -> {
          connecting = false;
          if (connected.isSuccess()) {
            channel = connected.channel();
            open.add(connected.channel());
          }
        });
  }

  /** What concerns no stream. */
  private final class Connection extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof Http2GoAwayFrame) {
        script.note("client has GOAWAY");
        left(context.channel());
      }
      ReferenceCountUtil.release(message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      left(context.channel());
      open.remove(context.channel());
      context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      script.note("client's connection broke", String.valueOf(cause.getMessage()));
      context.close();
    }

    private void left(Channel connection) {
      if (channel == connection) {
        channel = null;
      }
    }
  }

  /** One call after the other. */
  private final class Slot implements Conversation.Caller {

    private boolean calling;

    void later(int millis) {
      loop.schedule(this::nextCall, millis, TimeUnit.MILLISECONDS);
    }

    private void nextCall() {
      if (stopped || calling) {
        return;
      }
      Channel over = channel;
      if (over == null || !over.isActive()) {
        connect();
        later(20);
        return;
      }
      Conversation conversation = new Conversation(script, transport.network().time(), this);
      calling = true;
      new Http2StreamChannelBootstrap(over)
          .handler(
              new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel stream) {
                  stream
                      .pipeline()
                      .addLast(new Http2StreamFrameToHttpObjectCodec(false), conversation);
                }
              })
          .open()
          .addListener((Future<Http2StreamChannel> made) -> {
            Call next = made.isSuccess() ? script.next(true) : null;
            if (next != null) {
              conversations.add(conversation);
              conversation.send(made.getNow(), next);
              return;
            }
            calling = false;
            later(script.thinkMillis());
            if (made.isSuccess()) {
              made.getNow().close();
            }
          });
    }

    @Override
    public void ended() {
      calling = false;
      if (!stopped) {
        later(1 + script.draw(script.thinkMillis()));
      }
    }

    @Override
    public void gone(Conversation over) {
      conversations.remove(over);
    }
  }
}
