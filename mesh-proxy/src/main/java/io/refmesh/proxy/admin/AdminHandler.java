package io.refmesh.proxy.admin;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Answers one admin request after the other. On the admin loop. */
@Sharable
final class AdminHandler extends SimpleChannelInboundHandler<FullHttpRequest> {

  private static final Logger LOG = Logger.getLogger(AdminHandler.class.getName());

  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String JSON = "application/json";
  private static final String JSON_LINES = "application/jsonl";
  private static final Pattern AGO = Pattern.compile("(\\d{1,6})(s|m|h)");
  private static final Pattern APPLICATION = Pattern.compile("/application/(\\d{1,5})");
  private static final String PATHS =
      "GET /live, GET /ready, GET /application/<port>, GET /metrics, GET /config, GET /recorder,"
          + " GET|PUT /log-level, POST /drain\n";

  private final AdminState state;
  private final ProxyMetrics metrics;

  AdminHandler(AdminState state, ProxyMetrics metrics) {
    this.state = state;
    this.metrics = metrics;
  }

  /** One answer before it becomes bytes. */
  private record Answer(HttpResponseStatus status, String type, String text, String allow) {

    static Answer text(HttpResponseStatus status, String text) {
      return new Answer(status, TEXT, text, "");
    }
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    Matcher application = APPLICATION.matcher(request.uri());
    if (request.method().equals(HttpMethod.GET) && application.matches()) {
      // The one answer that has to be waited for; on this loop again when it comes.
      state
          .connects(Integer.parseInt(application.group(1)))
          .whenComplete((failure, thrown) ->
              context.executor().execute(() -> send(context, connected(failure, thrown))));
      return;
    }
    send(context, answer(context, request));
  }

  private static Answer connected(@Nullable Optional<String> failure, @Nullable Throwable thrown) {
    if (failure == null || thrown != null) {
      return Answer.text(HttpResponseStatus.SERVICE_UNAVAILABLE, thrown + "\n");
    }
    return failure.isEmpty()
        ? Answer.text(HttpResponseStatus.OK, "connected\n")
        : Answer.text(HttpResponseStatus.SERVICE_UNAVAILABLE, failure.get() + "\n");
  }

  private static void send(ChannelHandlerContext context, Answer answer) {
    ByteBuf body = ByteBufUtil.writeUtf8(context.alloc(), answer.text());
    FullHttpResponse response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, answer.status(), body);
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, answer.type());
    response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    if (!answer.allow().isEmpty()) {
      response.headers().set(HttpHeaderNames.ALLOW, answer.allow());
    }
    context.writeAndFlush(response);
  }

  private Answer answer(ChannelHandlerContext context, FullHttpRequest request) {
    if (!request.decoderResult().isSuccess()) {
      return Answer.text(
          HttpResponseStatus.BAD_REQUEST,
          "not an HTTP/1 request: " + request.decoderResult().cause().getMessage() + "\n");
    }
    String path = request.uri();
    int query = path.indexOf('?');
    if (query >= 0) {
      path = path.substring(0, query);
    }
    return switch (path) {
      case "/live" -> get(request, () -> Answer.text(HttpResponseStatus.OK, "live\n"));
      case "/ready" -> get(request, this::ready);
      case "/metrics" ->
          get(
              request,
              () ->
                  new Answer(
                      HttpResponseStatus.OK, ProxyMetrics.CONTENT_TYPE, metrics.scrape(), ""));
      case "/config" ->
          get(
              request,
              () -> new Answer(HttpResponseStatus.OK, JSON, ConfigPage.write(state.config()), ""));
      case "/recorder" -> get(request, () -> recorder(context, request.uri()));
      case "/log-level" -> logLevel(context, request);
      case "/drain" -> drain(context, request);
      default ->
          Answer.text(
              HttpResponseStatus.NOT_FOUND,
              "path: " + path + " is not here (expected: one of " + PATHS.strip() + ")\n");
    };
  }

  /** One page that is only read. */
  private interface Page {
    Answer answer();
  }

  private static Answer get(FullHttpRequest request, Page page) {
    if (request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD)) {
      return page.answer();
    }
    return wrongMethod(request, "GET, HEAD");
  }

  private Answer ready() {
    List<String> reasons = state.notReady();
    return reasons.isEmpty()
        ? Answer.text(HttpResponseStatus.OK, "ready\n")
        : Answer.text(HttpResponseStatus.SERVICE_UNAVAILABLE, String.join("\n", reasons) + "\n");
  }

  private Answer recorder(ChannelHandlerContext context, String uri) {
    if (!fromLoopback(context)) {
      return onlyFromLoopback();
    }
    Instant since = Instant.EPOCH;
    boolean errorsOnly = false;
    for (Map.Entry<String, List<String>> parameter :
        new QueryStringDecoder(uri).parameters().entrySet()) {
      String value = parameter.getValue().getLast();
      switch (parameter.getKey()) {
        case "since" -> {
          Matcher ago = AGO.matcher(value);
          if (!ago.matches()) {
            return Answer.text(
                HttpResponseStatus.BAD_REQUEST,
                "since: " + value + " (expected: how long ago, such as 30s or 5m)\n");
          }
          Duration unit =
              Duration.of(
                  1,
                  switch (ago.group(2)) {
                    case "s" -> ChronoUnit.SECONDS;
                    case "m" -> ChronoUnit.MINUTES;
                    default -> ChronoUnit.HOURS;
                  });
          since = state.now().minus(unit.multipliedBy(Long.parseLong(ago.group(1))));
        }
        case "error" -> {
          if (!value.equals("only")) {
            return Answer.text(
                HttpResponseStatus.BAD_REQUEST, "error: " + value + " (expected: only)\n");
          }
          errorsOnly = true;
        }
        default -> {
          return Answer.text(
              HttpResponseStatus.BAD_REQUEST,
              "parameter: " + parameter.getKey() + " is not known (expected: since, error)\n");
        }
      }
    }
    return new Answer(HttpResponseStatus.OK, JSON_LINES, state.recorder(since, errorsOnly), "");
  }

  private static Answer logLevel(ChannelHandlerContext context, FullHttpRequest request) {
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.PUT)) {
      return wrongMethod(request, "GET, PUT");
    }
    if (!fromLoopback(context)) {
      return onlyFromLoopback();
    }
    if (request.method().equals(HttpMethod.PUT)) {
      try {
        LogLevel level = LogLevel.parse(request.content().toString(StandardCharsets.UTF_8).strip());
        LOG.log(
            Level.INFO,
            "log level changed: from={0} to={1}",
            new Object[] {LogLevel.current().text(), level.text()});
        level.apply();
      } catch (IllegalArgumentException e) {
        return Answer.text(HttpResponseStatus.BAD_REQUEST, e.getMessage() + "\n");
      }
    }
    return Answer.text(HttpResponseStatus.OK, LogLevel.current().text() + "\n");
  }

  private Answer drain(ChannelHandlerContext context, FullHttpRequest request) {
    if (!request.method().equals(HttpMethod.POST)) {
      return wrongMethod(request, "POST");
    }
    if (!fromLoopback(context)) {
      return onlyFromLoopback();
    }
    state.drain();
    return Answer.text(HttpResponseStatus.ACCEPTED, "draining\n");
  }

  private static boolean fromLoopback(ChannelHandlerContext context) {
    return context.channel().remoteAddress() instanceof InetSocketAddress remote
        && remote.getAddress() != null
        && remote.getAddress().isLoopbackAddress();
  }

  private static Answer onlyFromLoopback() {
    return Answer.text(HttpResponseStatus.FORBIDDEN, "only from this machine's loopback address\n");
  }

  private static Answer wrongMethod(FullHttpRequest request, String allowed) {
    return new Answer(
        HttpResponseStatus.METHOD_NOT_ALLOWED,
        TEXT,
        "method: " + request.method() + " (expected: " + allowed + ")\n",
        allowed);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
    // A peer that went away or timed out; anything else is ours and worth a line.
    boolean expected =
        failure instanceof java.io.IOException
            || failure instanceof io.netty.handler.timeout.TimeoutException;
    LOG.log(expected ? Level.FINE : Level.WARNING, "admin connection failed", failure);
    context.close();
  }
}
