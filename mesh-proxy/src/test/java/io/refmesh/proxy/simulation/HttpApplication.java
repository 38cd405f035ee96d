package io.refmesh.proxy.simulation;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An application that answers over HTTP/1.1 and HTTP/2, or does not, as the script says. Requests
 * of HTTP/2 are read as those of HTTP/1.1, each on the channel of its stream.
 */
public final class HttpApplication {

  private static final int PART_BYTES = 30_000;

  private final int replica;
  private final EventLoop loop;
  private final String caller;
  private final Script script;
  private final SimulatedTime time;

  /**
   * @param caller what {@code x-forwarded-client-cert} must say
   */
  public HttpApplication(
      int replica,
      SimulatedTransport transport,
      EventLoop loop,
      InetSocketAddress address,
      String caller,
      Script script) {
    this.replica = replica;
    this.loop = loop;
    this.caller = caller;
    this.script = script;
    this.time = transport.network().time();
    new ServerBootstrap()
        .group(loop)
        .channelFactory(transport.listeners())
        .childHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new FirstBytes());
              }
            })
        .bind(address);
  }

  /** Whether a caller speaks HTTP/2 shows in its second byte: no method begins with PR. */
  private final class FirstBytes extends ByteToMessageDecoder {

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf bytes, List<Object> out) {
      if (bytes.readableBytes() < 2) {
        return;
      }
      ChannelPipeline pipeline = context.pipeline();
      if (bytes.getByte(bytes.readerIndex() + 1) == 'R') {
        Http2Settings settings = Http2Settings.defaultSettings();
        if (script.draw(4) == 0) {
          settings.maxConcurrentStreams(1 + script.draw(3)).initialWindowSize(3_000);
        }
        pipeline.addLast(
            Http2FrameCodecBuilder.forServer()
                .initialSettings(settings)
                .gracefulShutdownTimeoutMillis(0)
                .build(),
            new Http2MultiplexHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel stream) {
                    stream
                        .pipeline()
                        .addLast(new Http2StreamFrameToHttpObjectCodec(true), new Requests());
                  }
                }),
            new Broken());
      } else {
        pipeline.addLast(new HttpServerCodec(), new Requests());
      }
      pipeline.remove(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  /** A connection that breaks is closed. */
  private static final class Broken extends ChannelInboundHandlerAdapter {

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  private final class Requests extends SimpleChannelInboundHandler<HttpObject> {

    private @Nullable Call call;
    private Script.Deed deed = Script.Deed.ANSWER;
    private int tryNumber;
    private long seen;
    private boolean answered;

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
      if (message.decoderResult().isFailure()) {
        script.note("application cannot read", replica, message.decoderResult().cause());
        context.close();
        return;
      }
      if (message instanceof HttpRequest head) {
        head(context, head);
      }
      if (message instanceof HttpContent content && call != null) {
        content(context, call, content);
      }
    }

    private void head(ChannelHandlerContext context, HttpRequest head) {
      Call sent = script.of(head.uri());
      if (sent == null) {
        script.problem("a request that nobody sent", head.uri());
        return;
      }
      if (!caller.equals(head.headers().get("x-forwarded-client-cert"))) {
        script.problem("an unproven caller", head.headers().get("x-forwarded-client-cert"), sent);
      }
      call = sent;
      seen = 0;
      answered = false;
      tryNumber = head.headers().getInt("x-mesh-try", 0);
      deed = script.deed(replica);
      script.note("arrives", sent.number, "try", tryNumber, "at", replica, deed);
      if (sent.answeredTry != 0 && tryNumber > sent.answeredTry) {
        script.problem("a try after the head was given to the client", sent, tryNumber);
      }
      sent.arrivals.add(new Call.Arrival(replica, tryNumber, time.nanos()));
      switch (deed) {
        case RESET_AT_ONCE -> reset(context);
        case REFUSE_STREAM -> {
          if (context.channel() instanceof Http2StreamChannel stream) {
            answered = true;
            call = null;
            refuse(stream);
          }
        }
        case GO_AWAY -> {
          if (context.channel() instanceof Http2StreamChannel stream) {
            stream.parent().writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR));
          }
        }
        case ANSWER_EARLY -> answer(context, sent, 200);
        case READ_SLOWLY -> {
          context.channel().config().setAutoRead(false);
          later(100 + script.draw(400), () -> context.channel().config().setAutoRead(true));
        }
        default -> {}
      }
    }

    private void content(ChannelHandlerContext context, Call sent, HttpContent content) {
      if (!sent.isRequest(content.content(), seen)) {
        script.problem("bytes that nobody sent reach the application", sent, seen);
      }
      seen += content.content().readableBytes();
      if (!(content instanceof LastHttpContent)) {
        return;
      }
      if (seen != sent.requestBytes) {
        script.problem("a cut request that ends cleanly", sent, seen);
      }
      sent.effects++;
      if (!sent.idempotent() && sent.effects > 1) {
        script.problem("a second effect", sent);
      }
      switch (deed) {
        case ANSWER, READ_SLOWLY, REFUSE_STREAM, GO_AWAY ->
            later(script.draw(4), () -> answer(context, sent, 200));
        case ANSWER_LATE -> later(30 + script.draw(700), () -> answer(context, sent, 200));
        case ANSWER_AND_CLOSE, RESET_IN_ANSWER, END_IN_ANSWER, ANSWER_IN_PARTS ->
            answer(context, sent, 200);
        case FAIL -> answer(context, sent, 503);
        case RESET_AFTER_BODY -> reset(context);
        case HANG, RESET_AT_ONCE, ANSWER_EARLY -> {}
      }
    }

    private void answer(ChannelHandlerContext context, Call sent, int status) {
      if (call != sent || answered || !context.channel().isActive()) {
        return;
      }
      answered = true;
      int length = status == 200 ? sent.answerBytes : 0;
      if (sent.grpc && status != 200) {
        fail(context, sent);
        return;
      }
      HttpResponse head =
          new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
      head.headers().set("x-answer-of", sent.path()).set("x-answer-try", tryNumber);
      if (sent.grpc) {
        head.headers().set(HttpHeaderNames.CONTENT_TYPE, "application/grpc");
      } else if (sent.chunked || sent.trailers) {
        head.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
      } else {
        head.headers().set(HttpHeaderNames.CONTENT_LENGTH, length);
      }
      if (deed == Script.Deed.ANSWER_AND_CLOSE) {
        head.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      }
      context.write(head);
      switch (deed) {
        case RESET_IN_ANSWER, END_IN_ANSWER -> {
          write(context, sent, 0, length / 2);
          context.flush();
          if (length > 0 || deed == Script.Deed.RESET_IN_ANSWER) {
            later(
                script.draw(5),
                () -> {
                  if (deed == Script.Deed.RESET_IN_ANSWER) {
                    reset(context);
                  } else {
                    context.close();
                  }
                });
          } else {
            context.writeAndFlush(end(sent));
          }
        }
        case ANSWER_IN_PARTS -> parts(context, sent, 0, length);
        default -> {
          write(context, sent, 0, length);
          context
              .writeAndFlush(end(sent))
              .addListener(done -> {
                if (deed == Script.Deed.ANSWER_AND_CLOSE) {
                  context.close();
                }
              });
        }
      }
    }

    /** gRPC has no status of HTTP for it. */
    private void fail(ChannelHandlerContext context, Call sent) {
      FullHttpResponse head =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.EMPTY_BUFFER);
      head.headers()
          .set("x-answer-of", sent.path())
          .set("x-answer-try", tryNumber)
          .set(HttpHeaderNames.CONTENT_TYPE, "application/grpc")
          .set(Call.GRPC_STATUS, 14);
      context.writeAndFlush(head);
    }

    private static LastHttpContent end(Call sent) {
      if (!sent.grpc && !sent.trailers) {
        return LastHttpContent.EMPTY_LAST_CONTENT;
      }
      LastHttpContent end = new DefaultLastHttpContent();
      end.trailingHeaders().set(Call.TRAILER, sent.path());
      if (sent.grpc) {
        end.trailingHeaders().set(Call.GRPC_STATUS, 0);
      }
      return end;
    }

    private void parts(ChannelHandlerContext context, Call sent, int from, int length) {
      int until = Math.min(length, from + PART_BYTES);
      write(context, sent, from, until);
      if (until == length) {
        context.writeAndFlush(end(sent));
      } else {
        context.flush();
        later(1 + script.draw(40), () -> parts(context, sent, until, length));
      }
    }

    private void write(ChannelHandlerContext context, Call sent, int from, int until) {
      if (until > from) {
        context.write(new DefaultHttpContent(sent.answer(from, until)));
      }
    }

    private static void refuse(Http2StreamChannel stream) {
      stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.REFUSED_STREAM));
    }

    /** Of HTTP/2 the stream alone. */
    private void reset(ChannelHandlerContext context) {
      context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
      context.close();
    }

    private void later(int millis, Runnable task) {
      loop.schedule(task, millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
