package io.refmesh.shop.admin;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.refmesh.shop.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Answers one admin request after the other: parses on the admin thread, has the order carried out
 * on the application's event loop, makes JSON of the copy on the admin thread again.
 */
final class AdminHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
  private final Orders orders;
  private final Executor appLoop;

  AdminHandler(Orders orders, Executor appLoop) {
    this.orders = orders;
    this.appLoop = appLoop;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    boolean keepAlive = HttpUtil.isKeepAlive(request);
    Order order;
    try {
      order =
          orders.order(
              request.method().name(),
              new QueryStringDecoder(request.uri()),
              request.content().toString(StandardCharsets.UTF_8));
    } catch (RefusedOrder e) {
      e.allow()
          .ifPresentOrElse(
              allow ->
                  answer(
                      context, keepAlive, e.status(), Map.of("error", e.reason(), "allow", allow)),
              () -> answer(context, keepAlive, e.status(), Map.of("error", e.reason())));
      return;
    } catch (IllegalArgumentException e) {
      answer(context, keepAlive, 400, Map.of("error", "query: bad % escape in " + request.uri()));
      return;
    }
    CompletableFuture.supplyAsync(order::carryOut, appLoop)
        .whenCompleteAsync(
            (reply, failure) -> {
              if (failure == null) {
                answer(context, keepAlive, reply.status(), reply.body());
              } else {
                answer(context, keepAlive, 500, Map.of("error", failure.toString()));
              }
            },
            context.executor());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }

  private static void answer(
      ChannelHandlerContext context, boolean keepAlive, int status, Object body) {
    byte[] json = Json.bytes(body);
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(json));
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON);
    if (status == 405
        && body instanceof Map<?, ?> fields
        && fields.get("allow") instanceof String allow) {
      response.headers().set(HttpHeaderNames.ALLOW, allow);
    }
    HttpUtil.setContentLength(response, json.length);
    HttpUtil.setKeepAlive(response, keepAlive);
    ChannelFuture written = context.writeAndFlush(response);
    if (!keepAlive) {
      written.addListener(ChannelFutureListener.CLOSE);
    }
  }
}
