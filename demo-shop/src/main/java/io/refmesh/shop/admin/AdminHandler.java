package io.refmesh.shop.admin;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
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
import io.refmesh.shop.admin.Order.Reply;
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
  private static final System.Logger LOG = System.getLogger(AdminHandler.class.getName());

  private final Orders orders;
  private final Executor appLoop;

  AdminHandler(Orders orders, Executor appLoop) {
    this.orders = orders;
    this.appLoop = appLoop;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    boolean keepAlive = HttpUtil.isKeepAlive(request);
    CompletableFuture.supplyAsync(order(request)::carryOut, appLoop)
        .thenAcceptAsync(reply -> answer(context, keepAlive, reply), context.executor())
        .whenComplete((_, failure) -> {
          if (failure != null) {
            LOG.log(System.Logger.Level.ERROR, "admin request failed", failure);
            context.close();
          }
        });
  }

  /** Refusals go the way of all orders, so that answers keep the order of the requests. */
  private Order order(FullHttpRequest request) {
    try {
      return orders.order(
          request.method().name(),
          new QueryStringDecoder(request.uri()),
          request.content().toString(StandardCharsets.UTF_8));
    } catch (RefusedOrder e) {
      return e::reply;
    } catch (IllegalArgumentException e) {
      Reply bad = Reply.of(400, Map.of("error", "query: bad % escape in " + request.uri()));
      return () -> bad;
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }

  private static void answer(ChannelHandlerContext context, boolean keepAlive, Reply reply) {
    ByteBuf json = context.alloc().buffer();
    try {
      Json.write(reply.body(), new ByteBufOutputStream(json));
    } catch (RuntimeException | Error e) {
      json.release();
      throw e;
    }
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(reply.status()), json);
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON);
    reply.allow().ifPresent(allow -> response.headers().set(HttpHeaderNames.ALLOW, allow));
    HttpUtil.setContentLength(response, json.readableBytes());
    HttpUtil.setKeepAlive(response, keepAlive);
    ChannelFuture written = context.writeAndFlush(response);
    if (!keepAlive) {
      written.addListener(ChannelFutureListener.CLOSE);
    }
  }
}
