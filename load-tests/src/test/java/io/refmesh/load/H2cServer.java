package io.refmesh.load;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamFrame;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP/2 server in clear on a loopback socket that misbehaves as the path of a request says. */
final class H2cServer implements AutoCloseable {

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final AtomicInteger accepted = new AtomicInteger();
  private final Channel listener;

  H2cServer() {
    listener =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accepted.incrementAndGet();
                    channel.pipeline().addLast(Http2FrameCodecBuilder.forServer().build());
                    channel
                        .pipeline()
                        .addLast(
                            new Http2MultiplexHandler(
                                new ChannelInitializer<Channel>() {
                                  @Override
                                  protected void initChannel(Channel stream) {
                                    stream.pipeline().addLast(new Script());
                                  }
                                }));
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
  }

  int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** Connections taken so far. */
  int accepted() {
    return accepted.get();
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** Answers one stream when its request has ended. */
  private static final class Script extends SimpleChannelInboundHandler<Http2StreamFrame> {

    private String path = "";

    @Override
    protected void channelRead0(ChannelHandlerContext stream, Http2StreamFrame frame) {
      if (frame instanceof Http2HeadersFrame headers) {
        path = headers.headers().path().toString();
        if (headers.isEndStream()) {
          answer(stream);
        }
      } else if (frame instanceof Http2DataFrame data && data.isEndStream()) {
        answer(stream);
      }
    }

    private void answer(ChannelHandlerContext stream) {
      switch (path) {
        case "/503" ->
            stream.writeAndFlush(
                new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("503"), true));
        case "/reset" ->
            stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.INTERNAL_ERROR));
        case "/reset-mid-body" -> {
          hello(stream, false, 100);
          stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.INTERNAL_ERROR));
        }
        case "/short" -> hello(stream, true, 100);
        case "/close" -> stream.channel().parent().close();
        case "/close-mid-body" -> {
          hello(stream, false, 100);
          stream
              .channel()
              .parent()
              .pipeline()
              .firstContext()
              .writeAndFlush(Unpooled.EMPTY_BUFFER)
              .addListener(ChannelFutureListener.CLOSE);
        }
        case "/go-away" -> {
          stream.channel().parent().writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR));
          hello(stream, true, 5);
        }
        case "/hang" -> {}
        default -> hello(stream, true, 5);
      }
    }

    private static void hello(ChannelHandlerContext stream, boolean end, int contentLength) {
      stream.write(
          new DefaultHttp2HeadersFrame(
              new DefaultHttp2Headers().status("200").setInt("content-length", contentLength)));
      stream.writeAndFlush(
          new DefaultHttp2DataFrame(
              Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII), end));
    }
  }
}
