package io.refmesh.toxiproxy.api;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.IdleStateEvent;
import java.net.URLDecoder;
import java.util.List;

/** Answers the requests of one control connection, in order, on the control loop. */
final class ApiHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
  private final Api api;
  private final RequestIds requestIds;
  private final HttpDates dates;

  ApiHandler(Api api, RequestIds requestIds, HttpDates dates) {
    this.api = api;
    this.requestIds = requestIds;
    this.dates = dates;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
    if (!request.decoderResult().isSuccess()) {
      ctx.writeAndFlush(
              http(new Answer(400, "text/plain; charset=utf-8", false, "400 Bad Request")))
          .addListener(ChannelFutureListener.CLOSE);
      return;
    }
    FullHttpResponse response = respond(request);
    boolean keepAlive = HttpUtil.isKeepAlive(request);
    HttpUtil.setKeepAlive(response.headers(), request.protocolVersion(), keepAlive);
    if (keepAlive) {
      ctx.writeAndFlush(response, ctx.voidPromise());
    } else {
      ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }
  }

  private FullHttpResponse respond(FullHttpRequest request) {
    String decoded = decodedPath(request.uri());
    String clean = decoded.replaceAll("/{2,}", "/");
    if (!clean.equals(decoded)) {
      FullHttpResponse redirect = http(Answer.moved());
      redirect.headers().set(HttpHeaderNames.LOCATION, clean);
      return redirect;
    }
    List<String> path = segments(clean);
    Route route = Api.route(path);
    String method = request.method().name();
    if (route == Route.NONE) {
      return http(Answer.notFound());
    }
    if (!route.allows(method)) {
      FullHttpResponse refused = http(Answer.methodNotAllowed());
      if (request.method().equals(HttpMethod.HEAD)) {
        refused.headers().remove(HttpHeaderNames.CONTENT_LENGTH);
      }
      return refused;
    }
    // Pages in a browser must not be able to drive this server.
    boolean browser = request.headers().get(HttpHeaderNames.USER_AGENT, "").startsWith("Mozilla/");
    FullHttpResponse response =
        http(
            browser
                ? Answer.browser()
                : api.answer(route, method, path, ByteBufUtil.getBytes(request.content())));
    response.headers().set("X-Toxiproxy-Request-Id", requestIds.next());
    return response;
  }

  private FullHttpResponse http(Answer answer) {
    byte[] body = answer.body().getBytes(UTF_8);
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(answer.status()),
            Unpooled.wrappedBuffer(body));
    response.headers().set(HttpHeaderNames.DATE, dates.now());
    if (!answer.contentType().isEmpty()) {
      response.headers().set(HttpHeaderNames.CONTENT_TYPE, answer.contentType());
    }
    if (answer.guarded()) {
      response.headers().set("X-Content-Type-Options", "nosniff");
    }
    if (answer.status() != 204) {
      response.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    }
    return response;
  }

  /**
   * The path of a request target without its escapes, which the original resolves before it looks
   * at slashes.
   */
  private static String decodedPath(String target) {
    int query = target.indexOf('?');
    String path = query < 0 ? target : target.substring(0, query);
    try {
      return URLDecoder.decode(path.replace("+", "%2B"), UTF_8);
    } catch (IllegalArgumentException malformedEscape) {
      return "";
    }
  }

  /** What stands between the slashes of a path; nothing when a slash ends it, for no route does. */
  private static List<String> segments(String path) {
    boolean whole = path.startsWith("/") && !path.endsWith("/");
    return whole ? List.of(path.substring(1).split("/", -1)) : List.of();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof IdleStateEvent) {
      ctx.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // The client broke the connection, or sent what is no HTTP; there is nobody to answer.
    ctx.close();
  }
}
