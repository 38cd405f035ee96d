package io.refmesh.shop.net;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.refmesh.shop.serve.Answer;
import io.refmesh.shop.serve.CallerIdentity;
import org.jspecify.annotations.Nullable;

/** The heads of answers: what every one of them says about who answers, and to whom. */
final class AnswerHead {
  private static final String FORWARDED_CERTIFICATE = "x-forwarded-client-cert";
  private static final String MESH_TRY = "x-mesh-try";
  private static final String REQUEST_ID = "x-request-id";

  private AnswerHead() {}

  /** Empty without one. */
  static String requestId(HttpRequest request) {
    String id = request.headers().get(REQUEST_ID);
    return id == null ? "" : id;
  }

  static String caller(HttpRequest request) {
    return CallerIdentity.of(request.headers().getAll(FORWARDED_CERTIFICATE));
  }

  static @Nullable String meshAttempt(HttpRequest request) {
    return request.headers().get(MESH_TRY);
  }

  /**
   * A head for the answer, with everything but how its body ends and whether the connection goes
   * on.
   */
  static HttpResponse of(App app, HttpRequest request, String attempt, Answer answer) {
    HttpResponse head =
        new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(answer.status()));
    fill(head.headers(), app, request, attempt, answer);
    return head;
  }

  /**
   * For answers outside the record: to probes, and to what is not HTTP ({@code request} is null).
   */
  static void writeWhole(
      ChannelHandlerContext context, App app, @Nullable HttpRequest request, Answer answer) {
    byte[] json = ((Answer.Body.Document) answer.body()).json();
    boolean bodyless = request != null && request.method().name().equals("HEAD");
    FullHttpResponse whole =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(answer.status()),
            bodyless ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(json));
    fill(whole.headers(), app, request, "1", answer);
    HttpUtil.setContentLength(whole, json.length);
    keepAlive(whole, request, request != null && HttpUtil.isKeepAlive(request));
    context.writeAndFlush(whole);
  }

  static void keepAlive(HttpResponse head, @Nullable HttpRequest request, boolean keepAlive) {
    HttpVersion version = request == null ? HttpVersion.HTTP_1_1 : request.protocolVersion();
    HttpUtil.setKeepAlive(head.headers(), version, keepAlive);
  }

  private static void fill(
      HttpHeaders headers, App app, @Nullable HttpRequest request, String attempt, Answer answer) {
    headers.set("x-shop-instance", app.instance.name());
    headers.set("x-shop-version", app.instance.version());
    headers.set("x-shop-zone", app.instance.zone());
    headers.set("x-shop-caller", request == null ? CallerIdentity.UNKNOWN : caller(request));
    headers.set("x-shop-try", attempt);
    if (request != null && !requestId(request).isEmpty()) {
      headers.set(REQUEST_ID, requestId(request));
    }
    headers.set(
        HttpHeaderNames.CONTENT_TYPE,
        switch (answer.body()) {
          case Answer.Body.Document document -> HttpHeaderValues.APPLICATION_JSON;
          case Answer.Body.Pattern pattern -> HttpHeaderValues.APPLICATION_OCTET_STREAM;
        });
    answer.allow().ifPresent(allow -> headers.set(HttpHeaderNames.ALLOW, allow));
  }
}
