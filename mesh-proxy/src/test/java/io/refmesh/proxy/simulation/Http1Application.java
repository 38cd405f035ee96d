package io.refmesh.proxy.simulation;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
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
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An application that answers over HTTP/1.1, or does not, as the script says. */
public final class Http1Application {

  private static final int PART_BYTES = 30_000;

  private final int replica;
  private final EventLoop loop;
  private final String caller;
  private final Script script;
  private final SimulatedTime time;

  /**
   * @param caller what {@code x-forwarded-client-cert} must say
   */
  public Http1Application(
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
                channel.pipeline().addLast(new HttpServerCodec()).addLast(new Requests());
              }
            })
        .bind(address);
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
      HttpResponse head =
          new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
      head.headers().set("x-answer-of", sent.path()).set("x-answer-try", tryNumber);
      if (sent.chunked) {
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
            context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
          }
        }
        case ANSWER_IN_PARTS -> parts(context, sent, 0, length);
        default -> {
          write(context, sent, 0, length);
          context
              .writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT)
              .addListener(done -> {
                if (deed == Script.Deed.ANSWER_AND_CLOSE) {
                  context.close();
                }
              });
        }
      }
    }

    private void parts(ChannelHandlerContext context, Call sent, int from, int length) {
      int until = Math.min(length, from + PART_BYTES);
      write(context, sent, from, until);
      if (until == length) {
        context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
      } else {
        context.flush();
        later(1 + script.draw(40), () -> parts(context, sent, until, length));
      }
    }

    private void write(ChannelHandlerContext context, Call sent, int from, int until) {
      if (until > from) {
        context.write(new DefaultHttpContent(Unpooled.wrappedBuffer(sent.answer(from, until))));
      }
    }

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
