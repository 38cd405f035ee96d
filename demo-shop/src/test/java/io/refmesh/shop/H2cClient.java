package io.refmesh.shop;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One HTTP/2 connection with prior knowledge. */
final class H2cClient implements AutoCloseable {
  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel connection;
  private final CompletableFuture<Void> goAway = new CompletableFuture<>();

  H2cClient(int port) throws InterruptedException {
    connection =
        new Bootstrap()
            .group(loop)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(Http2FrameCodecBuilder.forClient().build())
                        .addLast(new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()))
                        .addLast(new GoAways());
                  }
                })
            .connect("127.0.0.1", port)
            .sync()
            .channel();
  }

  /** An answer, or how far it came. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
  record Answer(int status, @Nullable Http2Headers headers, byte[] body, @Nullable Long resetCode) {
    String header(String name) {
      return headers == null ? "" : String.valueOf(headers.get(name));
    }
  }

  /** A stream under way. */
  record Stream(Http2StreamChannel channel, CompletableFuture<Answer> answer) {
    Answer get() throws Exception {
      return answer.get(10, TimeUnit.SECONDS);
    }

    void cancel() throws InterruptedException {
      channel.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL)).sync();
    }
  }

  Stream begin(String method, String path, byte[] body, String... headers) throws Exception {
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    Http2StreamChannel stream =
        new Http2StreamChannelBootstrap(connection)
            .handler(new Reader(answer))
            .open()
            .sync()
            .getNow();
    Http2Headers head =
        new DefaultHttp2Headers().method(method).path(path).scheme("http").authority("shop");
    for (int i = 0; i < headers.length; i += 2) {
      head.add(headers[i], headers[i + 1]);
    }
    stream.write(new DefaultHttp2HeadersFrame(head, body.length == 0));
    if (body.length > 0) {
      stream.write(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(body), true));
    }
    stream.flush();
    return new Stream(stream, answer);
  }

  Answer get(String path, String... headers) throws Exception {
    return begin("GET", path, new byte[0], headers).get();
  }

  CompletableFuture<Void> goAway() {
    return goAway;
  }

  boolean awaitClose() throws InterruptedException {
    return connection.closeFuture().await(10, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws InterruptedException {
    connection.close().sync();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
  }

  private final class GoAways extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof Http2GoAwayFrame) {
        goAway.complete(null);
      }
      ReferenceCountUtil.release(message);
    }
  }

  private static final class Reader extends ChannelInboundHandlerAdapter {
    private final CompletableFuture<Answer> answer;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private @Nullable Http2Headers headers;

    Reader(CompletableFuture<Answer> answer) {
      this.answer = answer;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof Http2HeadersFrame frame) {
        headers = frame.headers();
        end(frame.isEndStream());
      } else if (message instanceof Http2DataFrame frame) {
        byte[] part = new byte[frame.content().readableBytes()];
        frame.content().readBytes(part);
        body.writeBytes(part);
        end(frame.isEndStream());
      }
      ReferenceCountUtil.release(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof Http2ResetFrame reset) {
        answer.complete(new Answer(status(), headers, body.toByteArray(), reset.errorCode()));
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      answer.complete(new Answer(status(), headers, body.toByteArray(), -1L));
    }

    private void end(boolean endOfStream) {
      if (endOfStream) {
        answer.complete(new Answer(status(), headers, body.toByteArray(), null));
      }
    }

    private int status() {
      CharSequence status = headers == null ? null : headers.status();
      return status == null ? 0 : Integer.parseInt(status.toString());
    }
  }
}
