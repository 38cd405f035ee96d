package io.refmesh.proxy.simulation;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
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
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An application that calls: one request after the other over one HTTP/1.1 connection, which it
 * makes again when it is gone. Some of its calls it leaves early, reads slowly or sends slowly.
 */
public final class Http1Client {

  private static final int PART_BYTES = 20_000;

  private final SimulatedTransport transport;
  private final EventLoop loop;
  private final InetSocketAddress service;
  private final Script script;
  private @Nullable Channel channel;
  private @Nullable Call call;

  /** Of the call that is under way, all has been written. */
  private boolean sentWhole;

  private boolean stopped;

  public Http1Client(
      SimulatedTransport transport, EventLoop loop, InetSocketAddress service, Script script) {
    this.transport = transport;
    this.loop = loop;
    this.service = service;
    this.script = script;
  }

  public void start() {
    later(script.draw(script.thinkMillis()), this::nextCall);
  }

  /** Ends its connection; what is under way counts as cancelled. */
  public void stop() {
    stopped = true;
    if (call != null) {
      ended(call, Call.Ending.CANCELLED);
    }
    if (channel != null) {
      channel.close();
    }
  }

  private void nextCall() {
    if (stopped || call != null) {
      return;
    }
    Channel open = channel;
    if (open == null || !open.isActive()) {
      connect();
      return;
    }
    Call next = script.next();
    if (next == null) {
      later(script.thinkMillis(), this::nextCall);
      return;
    }
    call = next;
    send(open, next);
  }

  private void connect() {
    new Bootstrap()
        .group(loop)
        .channelFactory(transport.connections())
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 1000)
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel made) {
                made.pipeline().addLast(new HttpClientCodec()).addLast(new Answers());
              }
            })
        .connect(service)
        .addListener((ChannelFuture made) -> {
          if (made.isSuccess()) {
            channel = made.channel();
            nextCall();
          } else {
            later(20, this::nextCall);
          }
        });
  }

  private void send(Channel to, Call sent) {
    HttpRequest head =
        new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf(sent.method), sent.path());
    head.headers().set(HttpHeaderNames.HOST, "cart.shop");
    if (sent.chunked) {
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
        later(50 + script.draw(300), () -> to.config().setAutoRead(true));
      }
      case CANCEL -> {
        body(to, sent, 0, 0);
        later(script.draw(60), () -> leave(to, sent));
      }
      case LEAVE_IN_BODY -> {
        if (sent.requestBytes > 0) {
          to.write(
              new DefaultHttpContent(
                  Unpooled.wrappedBuffer(sent.request(0, sent.requestBytes / 2))));
        }
        to.flush();
        later(script.draw(30), () -> leave(to, sent));
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
      to.write(new DefaultHttpContent(Unpooled.wrappedBuffer(sent.request(from, until))));
    }
    if (until == sent.requestBytes) {
      sentWhole = true;
      to.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
    } else {
      to.flush();
      later(pauseMillis, () -> body(to, sent, until, pauseMillis));
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
    ended.endedNanos = transport.network().time().nanos();
    call = null;
    script.note("has", ended);
    if (!stopped) {
      later(1 + script.draw(script.thinkMillis()), this::nextCall);
    }
  }

  private void later(int millis, Runnable task) {
    loop.schedule(task, millis, TimeUnit.MILLISECONDS);
  }

  private final class Answers extends SimpleChannelInboundHandler<HttpObject> {

    private boolean keepAlive;

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
      Call asked = call;
      if (asked == null || context.channel() != channel) {
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
      }
    }

    private void content(ChannelHandlerContext context, Call asked, HttpContent content) {
      if (asked.answeredTry != 0) {
        if (!asked.isAnswer(content.content(), asked.answerSeen)) {
          script.problem("bytes that nobody sent", asked, asked.answerSeen);
        }
        asked.answerSeen += content.content().readableBytes();
      }
      if (content instanceof LastHttpContent) {
        if (asked.answeredTry != 0
            && asked.status == 200
            && asked.answerSeen != asked.answerBytes) {
          script.problem("a cut body that ends cleanly", asked, asked.answerSeen);
        }
        ended(asked, Call.Ending.COMPLETE);
        if (!keepAlive || !sentWhole) {
          context.close();
        }
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      Call asked = call;
      if (context.channel() == channel) {
        channel = null;
        if (asked != null) {
          ended(asked, Call.Ending.BROKEN);
        }
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      script.note("client's connection broke", String.valueOf(cause.getMessage()));
      context.close();
    }
  }
}
