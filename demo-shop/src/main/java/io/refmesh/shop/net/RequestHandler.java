package io.refmesh.shop.net;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.util.ReferenceCountUtil;
import io.refmesh.shop.serve.Answer;
import java.util.ArrayDeque;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The requests of an HTTP/1 connection one after the other, or the one request of an HTTP/2 stream.
 *
 * <p>Reading goes on while a request is answered, because that is how one hears that the client has
 * left; what a pipelining client sends meanwhile waits in a short queue.
 */
final class RequestHandler extends ChannelInboundHandlerAdapter {
  /** Above this many waiting messages reading stops. */
  private static final int WAITING_MAX = 64;

  private final App app;
  private final ArrayDeque<Object> waiting = new ArrayDeque<>();
  private @Nullable Exchange exchange;

  /** The head of a readiness probe came, its end has not. */
  private @Nullable HttpRequest probe;

  private boolean resetSeen;
  private boolean drain;

  RequestHandler(App app) {
    this.app = app;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (busy() || !waiting.isEmpty()) {
      waiting.add(message);
      if (waiting.size() >= WAITING_MAX) {
        context.channel().config().setAutoRead(false);
      }
    } else {
      take(context, message);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    waiting.forEach(ReferenceCountUtil::release);
    waiting.clear();
    Exchange open = exchange;
    exchange = null;
    if (open != null) {
      // A stream closes as soon as its last frame is handed to the connection, which may be before
      // the write is done.
      boolean streamDone =
          context.channel() instanceof Http2StreamChannel stream
              && !resetSeen
              && stream.parent().isActive();
      open.clientLeft(streamDone);
    }
    context.fireChannelInactive();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (exchange != null) {
      exchange.writable();
    }
    context.fireChannelWritabilityChanged();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof Http2ResetFrame) {
      resetSeen = true;
      ReferenceCountUtil.release(event);
      context.close();
    } else if (event == Drain.BEGIN) {
      drain = true;
      if (exchange == null) {
        context.close();
      }
    } else {
      context.fireUserEventTriggered(event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A peer that resets is nothing to report: the record has it as cancelled.
    context.close();
  }

  private boolean busy() {
    return exchange != null && exchange.bodyComplete();
  }

  private void take(ChannelHandlerContext context, Object message) {
    try {
      if (message instanceof HttpRequest head) {
        begin(context, head);
      }
      if (message instanceof HttpContent content) {
        body(context, content);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void begin(ChannelHandlerContext context, HttpRequest head) {
    if (head.decoderResult().isFailure()) {
      refuse(context, head.decoderResult().cause());
    } else if (isProbe(head)) {
      ConnectionMeter.sawProbe(context.channel());
      app.record.readyProbe();
      probe = head;
    } else {
      ConnectionMeter.sawRequest(context.channel());
      exchange = new Exchange(app, context, head, keepAlive -> done(context, keepAlive));
    }
  }

  private void body(ChannelHandlerContext context, HttpContent content) {
    boolean last = content instanceof LastHttpContent;
    if (content.decoderResult().isFailure()) {
      context.close();
    } else if (exchange != null) {
      exchange.body(content.content());
      if (last) {
        exchange.complete();
      }
    } else if (probe != null && last) {
      HttpRequest head = probe;
      probe = null;
      AnswerHead.writeWhole(context, app, head, ready());
      if (!HttpUtil.isKeepAlive(head)) {
        context.close();
      }
    }
  }

  private Answer ready() {
    boolean ready = app.ready();
    return Answer.json(ready ? 200 : 503, Map.of("ready", ready));
  }

  private static boolean isProbe(HttpRequest head) {
    String uri = head.uri();
    return (uri.equals("/ready") || uri.startsWith("/ready?"))
        && (head.method().name().equals("GET") || head.method().name().equals("HEAD"));
  }

  private void refuse(ChannelHandlerContext context, @Nullable Throwable cause) {
    ConnectionMeter.sawRequest(context.channel());
    app.record.malformed();
    boolean tooLong =
        cause instanceof TooLongHttpHeaderException || cause instanceof TooLongHttpLineException;
    Answer answer =
        tooLong
            ? Answer.error(431, "head: too long (expected: at most 64 KiB)")
            : Answer.error(400, "not HTTP: " + (cause == null ? "-" : cause.getMessage()));
    AnswerHead.writeWhole(context, app, null, answer);
    context.close();
  }

  /** The exchange has ended well and the connection may go on. */
  private void done(ChannelHandlerContext context, boolean keepAlive) {
    exchange = null;
    if (context.channel() instanceof Http2StreamChannel) {
      return;
    }
    if (!keepAlive || drain) {
      context.close();
      return;
    }
    if (!waiting.isEmpty()) {
      // Not from here: answers that are done at once would nest as deep as the queue is long.
      context.executor().execute(() -> goOn(context));
    }
  }

  private void goOn(ChannelHandlerContext context) {
    while (!waiting.isEmpty() && !busy()) {
      take(context, waiting.remove());
    }
    if (waiting.isEmpty()) {
      context.channel().config().setAutoRead(true);
    }
  }
}
