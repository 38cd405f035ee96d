package io.refmesh.proxy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.util.ReferenceCountUtil;
import io.refmesh.model.discovery.HostPort;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An HTTP/2 application without TLS on an address of its own: answers every whole request with 200
 * and a few bytes, keeping to the protocol by Netty's own means.
 */
final class Http2Application implements AutoCloseable {

  private static final String ANSWER = "one answer is as good as another\n";

  final AtomicInteger requests = new AtomicInteger();
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel listener;

  Http2Application() {
    listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            Http2FrameCodecBuilder.forServer().build(),
                            new Http2MultiplexHandler(
                                new ChannelInitializer<Channel>() {
                                  @Override
                                  protected void initChannel(Channel stream) {
                                    stream.pipeline().addLast(new Answering());
                                  }
                                }));
                  }
                })
            .bind(TestMesh.address(), 0)
            .syncUninterruptibly()
            .channel();
  }

  HostPort address() {
    InetSocketAddress address = (InetSocketAddress) listener.localAddress();
    return new HostPort(address.getAddress().getHostAddress(), address.getPort());
  }

  @Override
  public void close() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** One stream. */
  private final class Answering extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext context, Object frame) {
      boolean end =
          frame instanceof Http2HeadersFrame head && head.isEndStream()
              || frame instanceof Http2DataFrame data && data.isEndStream();
      ReferenceCountUtil.release(frame);
      if (end) {
        requests.incrementAndGet();
        context.write(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200")));
        context.writeAndFlush(
            new DefaultHttp2DataFrame(
                Unpooled.copiedBuffer(ANSWER, StandardCharsets.US_ASCII), true));
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
