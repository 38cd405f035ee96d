package io.refmesh.load;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.refmesh.load.LoadPlan.Protocol;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Requests to a responder of its own on the loopback address, sent during the lead, so that classes
 * are loaded and code is compiled when the first request on record starts. None of them is
 * recorded. Lives on the event loop.
 */
final class WarmUp {

  private static final byte[] ANSWER = {'o', 'k'};

  private final LoadClock clock;
  private final List<Channel> responders = new ArrayList<>();
  private final List<StreamPlan> plans = new ArrayList<>();
  private final List<Wire> wires = new ArrayList<>();
  private final StringBuilder discarded = new StringBuilder();

  WarmUp(LoadClock clock) {
    this.clock = clock;
  }

  /** Opens a responder for every protocol that the streams speak in clear. */
  void open(EventLoop loop, List<StreamLoad> streams) {
    Set<Protocol> protocols = EnumSet.noneOf(Protocol.class);
    streams.forEach(stream -> protocols.add(stream.plan().protocol()));
    protocols.remove(Protocol.HTTPS);
    for (Protocol protocol : protocols) {
      new ServerBootstrap()
          .group(loop)
          .channel(NioServerSocketChannel.class)
          .childHandler(responder(protocol))
          .bind(InetAddress.getLoopbackAddress(), 0)
          .addListener(
              (ChannelFutureListener)
                  bound -> {
                    // Without a responder the first requests are slow, and nothing else is wrong.
                    if (bound.isSuccess()) {
                      responders.add(bound.channel());
                      add(loop, protocol, ((InetSocketAddress) bound.channel().localAddress()));
                    }
                  });
    }
  }

  /** One request for each protocol. */
  void send() {
    for (int i = 0; i < wires.size(); i++) {
      Exchange exchange =
          new Exchange(plans.get(i), "warm-up", "/", 0, clock.epochMicros(), clock, this::discard);
      wires.get(i).send(exchange);
    }
  }

  void close() {
    wires.forEach(Wire::close);
    responders.forEach(Channel::close);
  }

  private void discard(RequestRecord finished) {
    discarded.setLength(0);
    finished.appendTo(discarded);
  }

  private void add(EventLoop loop, Protocol protocol, InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    StreamPlan plan =
        new StreamPlan(
            "warm-up",
            protocol,
            host,
            address.getPort(),
            host + ":" + address.getPort(),
            "GET",
            List.of("/"),
            1,
            0,
            1000,
            0,
            Map.of(),
            LoadRun.LEAD_MILLIS,
            false,
            ANSWER.length,
            null,
            "warm-up");
    plans.add(plan);
    wires.add(
        protocol == Protocol.H2C
            ? new Http2Wire(loop, plan, new byte[0])
            : new Http1Wire(loop, plan, new byte[0], null));
  }

  private static ChannelInitializer<Channel> responder(Protocol protocol) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        if (protocol == Protocol.H2C) {
          channel.pipeline().addLast(Http2FrameCodecBuilder.forServer().build());
          channel.pipeline().addLast(new Http2MultiplexHandler(stream()));
        } else {
          channel.pipeline().addLast(new HttpServerCodec(), new Answer());
        }
      }
    };
  }

  private static ChannelInitializer<Channel> stream() {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        channel.pipeline().addLast(new Http2StreamFrameToHttpObjectCodec(true), new Answer());
      }
    };
  }

  /** Says ok to every request. */
  private static final class Answer extends SimpleChannelInboundHandler<HttpObject> {

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
      if (message instanceof LastHttpContent) {
        FullHttpResponse answer =
            new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.wrappedBuffer(ANSWER));
        answer.headers().set(HttpHeaderNames.CONTENT_LENGTH, ANSWER.length);
        context.writeAndFlush(answer);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
