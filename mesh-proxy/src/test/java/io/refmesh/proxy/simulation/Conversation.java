package io.refmesh.proxy.simulation;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The caller's side of one channel, which is an HTTP/1.1 connection or a stream of HTTP/2: sends
 * calls one after the other, and looks at what comes back. Some calls it leaves early, reads slowly
 * or sends slowly.
 */
final class Conversation extends SimpleChannelInboundHandler<HttpObject> {

  /** Who began it. */
  interface Caller {

    /** The call is over; there may be another one. */
    void ended();

    /** The channel is closed; after {@link #ended} for what was under way. */
    void gone(Conversation conversation);
  }

  private static final int PART_BYTES = 20_000;

  private final Script script;
  private final SimulatedTime time;
  private final Caller caller;
  private @Nullable Call call;

  /** Of the call that is under way, all has been written. */
  private boolean sentWhole;

  private boolean keepAlive;

  Conversation(Script script, SimulatedTime time, Caller caller) {
    this.script = script;
    this.time = time;
    this.caller = caller;
  }

  /** What is under way counts as cancelled. */
  void stop() {
    if (call != null) {
      ended(call, Call.Ending.CANCELLED);
    }
  }

  void send(Channel to, Call sent) {
    call = sent;
    HttpRequest head =
        new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf(sent.method), sent.path());
    head.headers().set(HttpHeaderNames.HOST, "cart.shop").set(HttpHeaderNames.TE, "trailers");
    if (sent.grpc) {
      head.headers().set(HttpHeaderNames.CONTENT_TYPE, "application/grpc");
    } else if (sent.chunked) {
      head.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    } else if (sent.requestBytes > 0) {
      head.headers().set(HttpHeaderNames.CONTENT_LENGTH, sent.requestBytes);
    }
    Script.Habit habit = script.habit();
    script.note("sends", sent.number, sent.method, sent.requestBytes, habit);
    sentWhole = false;
    to.write(head);
    switch (habit) {
      case PATIENT -> body(to, sent, 0, 0);
      case SEND_SLOWLY -> body(to, sent, 0, 1 + script.draw(30));
      case READ_SLOWLY -> {
        body(to, sent, 0, 0);
        to.config().setAutoRead(false);
        later(to, 50 + script.draw(300), () -> to.config().setAutoRead(true));
      }
      case CANCEL -> {
        body(to, sent, 0, 0);
        later(to, script.draw(60), () -> leave(to, sent));
      }
      case LEAVE_IN_BODY -> {
        if (sent.requestBytes > 0) {
          to.write(new DefaultHttpContent(sent.request(0, sent.requestBytes / 2)));
        }
        to.flush();
        later(to, script.draw(30), () -> leave(to, sent));
      }
    }
  }

  private void body(Channel to, Call sent, int from, int pauseMillis) {
    if (call != sent || !to.isActive()) {
      return;
    }
    int most = pauseMillis == 0 ? sent.requestBytes : PART_BYTES;
    int until = Math.min(sent.requestBytes, from + most);
    if (until > from) {
      to.write(new DefaultHttpContent(sent.request(from, until)));
    }
    if (until == sent.requestBytes) {
      sentWhole = true;
      to.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
    } else {
      to.flush();
      later(to, pauseMillis, () -> body(to, sent, until, pauseMillis));
    }
  }

  private void leave(Channel from, Call left) {
    if (call == left) {
      script.note("leaves", left.number);
      ended(left, Call.Ending.CANCELLED);
      if (script.draw(2) == 0) {
        from.config().setOption(ChannelOption.SO_LINGER, 0);
      }
      from.close();
    }
  }

  private void ended(Call ended, Call.Ending how) {
    ended.ending = how;
    ended.endedNanos = time.nanos();
    call = null;
    script.note("has", ended);
    caller.ended();
  }

  private static void later(Channel channel, int millis, Runnable task) {
    channel.eventLoop().schedule(task, millis, TimeUnit.MILLISECONDS);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
    Call asked = call;
    if (asked == null) {
      // The tail of what was left.
      return;
    }
    if (message.decoderResult().isFailure()) {
      // A head or a chunk that ends in the middle, when the connection was cut there.
      script.note("cannot read", asked.number, message.decoderResult().cause());
      return;
    }
    if (message instanceof HttpResponse head && head.status().code() >= 200) {
      head(asked, head);
    }
    if (message instanceof HttpContent content && asked.status != 0) {
      content(context, asked, content);
    }
  }

  private void head(Call asked, HttpResponse head) {
    if (asked.status != 0) {
      script.problem("a second answer", asked);
    }
    asked.status = head.status().code();
    asked.grpcStatus = head.headers().getInt(Call.GRPC_STATUS, -1);
    keepAlive = HttpUtil.isKeepAlive(head);
    String of = head.headers().get("x-answer-of");
    String error = head.headers().get("x-mesh-error");
    if (of != null) {
      asked.answeredTry = head.headers().getInt("x-answer-try", -1);
      if (!of.equals(asked.path())) {
        script.problem("the answer of another request", of, asked);
      }
      if (asked.arrivals.stream().noneMatch(one -> one.tryNumber() == asked.answeredTry)) {
        script.problem("an answer of a try that nobody got", asked);
      }
    } else if (error == null) {
      script.problem("an error without a name", asked);
    } else {
      asked.error = error;
      if (asked.grpc && asked.grpcStatus <= 0) {
        script.problem("an error without a status of gRPC", asked);
      }
    }
  }

  private void content(ChannelHandlerContext context, Call asked, HttpContent content) {
    if (asked.answeredTry != 0) {
      if (!asked.isAnswer(content.content(), asked.answerSeen)) {
        script.problem("bytes that nobody sent", asked, asked.answerSeen);
      }
      asked.answerSeen += content.content().readableBytes();
    }
    if (content instanceof LastHttpContent last) {
      if (asked.answeredTry != 0 && asked.status == 200 && asked.grpcStatus < 0) {
        whole(asked, last);
      }
      ended(asked, Call.Ending.COMPLETE);
      if (!keepAlive || !sentWhole) {
        context.close();
      }
    }
  }

  private void whole(Call asked, LastHttpContent last) {
    if (asked.answerSeen != asked.answerBytes) {
      script.problem("a cut body that ends cleanly", asked, asked.answerSeen);
    }
    asked.grpcStatus = last.trailingHeaders().getInt(Call.GRPC_STATUS, -1);
    if (asked.grpc && asked.grpcStatus < 0) {
      script.problem("an answer of gRPC without a status", asked);
    }
    String of = last.trailingHeaders().get(Call.TRAILER);
    if (!(asked.grpc || asked.trailers ? asked.path() : "").equals(of == null ? "" : of)) {
      script.problem("not the trailers that were sent", asked, of);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    Call asked = call;
    if (asked != null) {
      ended(asked, Call.Ending.BROKEN);
    }
    caller.gone(this);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    script.note("client's connection broke", String.valueOf(cause.getMessage()));
    context.close();
  }
}
