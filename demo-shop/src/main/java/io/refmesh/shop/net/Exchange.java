package io.refmesh.shop.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.util.concurrent.Future;
import io.refmesh.shop.behave.Action;
import io.refmesh.shop.behave.Verdict;
import io.refmesh.shop.record.Effect;
import io.refmesh.shop.record.OpenRequest;
import io.refmesh.shop.record.Outcome;
import io.refmesh.shop.serve.Answer;
import io.refmesh.shop.serve.Ask;
import io.refmesh.shop.serve.Routes.Found;
import io.refmesh.shop.serve.Serving;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request from its head to its end: recorded, judged, read, entered in the ledger, delayed,
 * answered or mistreated, recorded again.
 */
final class Exchange {
  private static final int IN_FLIGHT_MAX = 10_000;
  private static final int ID_LENGTH_MAX = 128;

  /** Bytes on their way get this long to arrive before the reset overtakes them. */
  private static final int RESET_DELAY_MILLIS = 20;

  private final App app;
  private final ChannelHandlerContext context;
  private final HttpRequest head;
  private final Ending ending;
  private final String path;
  private final Map<String, List<String>> query;
  private final Found found;
  private final String id;
  private final OpenRequest open;
  private final Verdict verdict;
  private final RequestBody body;
  private final Runnable cutOff = this::reset;
  private boolean bodyComplete;
  private boolean keepAlive;
  private @Nullable Effect effect;
  private @Nullable Answer refusal;
  private @Nullable AnswerWriter writer;
  private @Nullable Future<?> delay;
  private java.util.concurrent.@Nullable Future<?> page;

  /** Told when the answer is out and the connection is free again. */
  @FunctionalInterface
  interface Ending {
    void ended(boolean keepAlive);
  }

  Exchange(App app, ChannelHandlerContext context, HttpRequest head, Ending ending) {
    this.app = app;
    this.context = context;
    this.head = head;
    this.ending = ending;
    String method = head.method().name();
    QueryStringDecoder uri = new QueryStringDecoder(head.uri());
    id = AnswerHead.requestId(head);
    open =
        app.record.begin(
            method, uri.rawPath(), id, AnswerHead.caller(head), AnswerHead.meshAttempt(head));
    verdict = app.switchboard.judge(method, uri.rawPath(), id);
    Optional<Map<String, List<String>>> parameters = parameters(uri);
    path = parameters.isPresent() ? uri.path() : uri.rawPath();
    query = parameters.orElse(Map.of());
    found =
        parameters.isPresent()
            ? app.routes.find(method, path)
            : new Found.None(Answer.error(400, "query: bad % escape in " + head.uri()));
    body =
        new RequestBody(found instanceof Found.Match match && match.route().nature().keepsBody());
  }

  /** Looks at the buffer and leaves it to its owner. */
  void body(ByteBuf content) {
    body.add(content);
  }

  boolean bodyComplete() {
    return bodyComplete;
  }

  void complete() {
    bodyComplete = true;
    body.close();
    if (app.record.inFlight() > IN_FLIGHT_MAX) {
      write(Answer.error(503, "requests in flight: " + IN_FLIGHT_MAX + " (expected: fewer)"), null);
      return;
    }
    refusal = refusalOrEffect();
    if (verdict.delayNanos() == 0) {
      act();
    } else {
      delay = context.executor().schedule(this::act, verdict.delayNanos(), TimeUnit.NANOSECONDS);
    }
  }

  void writable() {
    if (writer != null) {
      writer.go();
    }
  }

  /** {@code streamDone}: the channel is a stream that closed without anyone resetting it. */
  void clientLeft(boolean streamDone) {
    if (open.ended()) {
      return;
    }
    if (streamDone && writer != null && writer.lastWritten()) {
      end(Outcome.FINISHED);
    } else {
      end(app.cuttingOff() ? Outcome.RESET : Outcome.CANCELLED);
    }
  }

  /** What is wrong with the request, if anything; else it has its effect now. */
  private @Nullable Answer refusalOrEffect() {
    return switch (found) {
      case Found.None(Answer answer) -> answer;
      case Found.Match match -> {
        if (body.tooLong()) {
          yield Answer.error(413, "body: above 64 KiB (expected: at most 64 KiB on this page)");
        }
        yield match.route().nature().effect() ? enter() : null;
      }
    };
  }

  private @Nullable Answer enter() {
    if (id.isEmpty() || id.length() > ID_LENGTH_MAX) {
      return Answer.error(
          400,
          "x-request-id: " + id.length() + " characters (expected: 1 to " + ID_LENGTH_MAX + ")");
    }
    if (!verdict.effect()) {
      return null;
    }
    Optional<Effect> entered = app.record.ledger().apply(id, body.bytes(), body.sha256());
    effect = entered.orElse(null);
    return entered.isPresent() ? null : Answer.error(507, "ledger: full (expected: POST /reset)");
  }

  private void act() {
    switch (verdict.action()) {
      case Action.AsUsual() -> serve(null);
      case Action.Cut cut -> serve(cut);
      case Action.Status(int code) -> write(Answer.error(code, "status by rule"), null);
      case Action.Hang() -> hang();
      case Action.Reset() -> reset();
    }
  }

  private void serve(Action.@Nullable Cut cut) {
    if (refusal != null) {
      write(refusal, cut);
    } else if (found instanceof Found.Match match) {
      Serving serving = new Serving(match.route().page(), ask(match));
      if (match.route().nature().calls()) {
        page = app.threads.submit(() -> hop(serving.answer(), cut));
      } else {
        write(serving.answer(), cut);
      }
    }
  }

  private void hop(Answer answer, Action.@Nullable Cut cut) {
    context
        .executor()
        .execute(() -> {
          if (!open.ended()) {
            write(answer, cut);
          }
        });
  }

  private Ask ask(Found.Match match) {
    return new Ask(
        head.method().name(),
        path,
        query,
        match.wildcards(),
        ReceivedHeaders.of(head, http2()),
        http2()
            ? "2"
            : head.protocolVersion().majorVersion() + "." + head.protocolVersion().minorVersion(),
        peer(),
        id,
        body.bytes(),
        body.sha256(),
        body.kept(),
        effect);
  }

  private void write(Answer answer, Action.@Nullable Cut cut) {
    BodySource source = BodySource.of(answer.body());
    boolean bodyless = head.method().name().equals("HEAD") || forbidsBody(answer.status());
    long size = bodyless ? 0 : source.size();
    if (cut != null && size == 0) {
      endCut(cut);
      return;
    }
    HttpResponse response = AnswerHead.of(app, head, open.attempt(), answer);
    long spreadMillis = 0;
    boolean lengthTold = true;
    if (answer.body() instanceof Answer.Body.Pattern pattern) {
      lengthTold = pattern.lengthTold();
      spreadMillis = bodyless ? 0 : pattern.spreadMillis();
    }
    frame(response, lengthTold, forbidsBody(answer.status()) ? 0 : source.size());
    writer =
        new AnswerWriter(
            context,
            response,
            source,
            cut == null ? size : Math.min(cut.bytes(), size - 1),
            cut != null,
            spreadMillis,
            () -> written(cut),
            () -> clientLeft(false));
    writer.start();
  }

  private void frame(HttpResponse response, boolean lengthTold, long size) {
    keepAlive = HttpUtil.isKeepAlive(head) && !app.draining();
    if (lengthTold) {
      HttpUtil.setContentLength(response, size);
    } else if (head.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
      keepAlive = false;
    } else if (!http2()) {
      response.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }
    if (!http2()) {
      AnswerHead.keepAlive(response, head, keepAlive);
    }
  }

  private void written(Action.@Nullable Cut cut) {
    if (open.ended()) {
      return;
    }
    if (cut == null) {
      end(Outcome.FINISHED);
      ending.ended(keepAlive);
    } else {
      endCut(cut);
    }
  }

  private void endCut(Action.Cut cut) {
    switch (cut.end()) {
      case CLOSE -> {
        end(Outcome.RESET);
        if (http2()) {
          Resets.exchange(context.channel());
        } else {
          context.close();
        }
      }
      case HANG -> hang();
      case RESET ->
          delay = context.executor().schedule(cutOff, RESET_DELAY_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void hang() {
    if (app.draining()) {
      reset();
    } else {
      app.hanging.add(cutOff);
    }
  }

  private void reset() {
    end(Outcome.RESET);
    Resets.exchange(context.channel());
  }

  /** The only place where a request ends; releases what it holds. */
  private void end(Outcome outcome) {
    app.record.end(open, writer == null ? 0 : writer.status(), outcome);
    app.hanging.remove(cutOff);
    if (delay != null) {
      delay.cancel(false);
    }
    if (page != null && outcome != Outcome.FINISHED) {
      page.cancel(true);
    }
    if (writer != null) {
      writer.stop();
    }
  }

  private boolean http2() {
    return context.channel() instanceof Http2StreamChannel;
  }

  private String peer() {
    Channel connection = http2() ? context.channel().parent() : context.channel();
    SocketAddress address = connection.remoteAddress();
    return address == null ? "-" : address.toString().substring(1);
  }

  private static boolean forbidsBody(int status) {
    return status == 204 || status == 205 || status == 304;
  }

  private static Optional<Map<String, List<String>>> parameters(QueryStringDecoder uri) {
    try {
      // Both decode escapes.
      var _ = uri.path();
      return Optional.of(uri.parameters());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
