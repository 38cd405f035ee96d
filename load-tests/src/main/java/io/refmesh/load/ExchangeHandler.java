package io.refmesh.load;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2ResetFrame;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Last handler of an HTTP/1 connection or of one HTTP/2 stream: writes the request of the exchange
 * it is given and tells that exchange what comes back. One exchange at a time.
 */
final class ExchangeHandler extends SimpleChannelInboundHandler<HttpObject> {

  private final byte[] requestBody;
  private final Consumer<Channel> whenReusable;
  private final Consumer<Channel> whenClosed;

  private @Nullable Exchange current;
  private boolean informational;
  private boolean keepAlive;

  /**
   * Makes the handler of one channel.
   *
   * @param whenReusable told when an answer has ended and the channel may carry another request
   * @param whenClosed told once, when the channel is gone
   */
  ExchangeHandler(
      byte[] requestBody, Consumer<Channel> whenReusable, Consumer<Channel> whenClosed) {
    this.requestBody = requestBody;
    this.whenReusable = whenReusable;
    this.whenClosed = whenClosed;
  }

  void begin(Channel channel, Exchange exchange) {
    if (exchange.isDone()) {
      whenReusable.accept(channel);
      return;
    }
    current = exchange;
    exchange.onAbandon(channel::close);
    channel
        .writeAndFlush(request(exchange))
        .addListener(
            (ChannelFutureListener)
                written -> {
                  if (written.cause() != null) {
                    exchange.cut("request not written: " + Failures.text(written.cause()));
                    channel.close();
                  }
                });
  }

  private FullHttpRequest request(Exchange exchange) {
    LoadPlan.StreamPlan stream = exchange.stream();
    ByteBuf body =
        requestBody.length == 0 ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(requestBody);
    FullHttpRequest request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1, HttpMethod.valueOf(stream.method()), exchange.path(), body);
    request.headers().set(HttpHeaderNames.HOST, stream.authority());
    stream.headers().forEach(request.headers()::set);
    request.headers().set("x-request-id", exchange.requestId());
    if (requestBody.length > 0 || stream.method().startsWith("P")) {
      request.headers().set(HttpHeaderNames.CONTENT_LENGTH, requestBody.length);
    }
    if (stream.newConnectionEach() && stream.protocol() != LoadPlan.Protocol.H2C) {
      request.headers().set(HttpHeaderNames.CONNECTION, "close");
    }
    return request;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
    Exchange exchange = current;
    if (exchange == null || exchange.isDone()) {
      // Nothing was asked for, or nobody waits any more: the rest of the channel's bytes cannot be
      // told apart.
      context.close();
      return;
    }
    if (message.decoderResult().isFailure()) {
      String text = Failures.text(message.decoderResult().cause());
      if (message instanceof HttpResponse) {
        exchange.fail(Outcome.ERROR, "not an HTTP answer: " + text);
      } else {
        exchange.cut("broken body: " + text);
      }
      context.close();
      return;
    }
    if (message instanceof HttpResponse head) {
      informational = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
      if (!informational) {
        keepAlive = HttpUtil.isKeepAlive(head);
        exchange.head(head);
      }
    }
    if (message instanceof HttpContent content && !informational) {
      exchange.body(content.content().readableBytes());
      if (message instanceof LastHttpContent) {
        current = null;
        exchange.end();
        if (keepAlive && !exchange.stream().newConnectionEach()) {
          whenReusable.accept(context.channel());
        } else {
          context.close();
        }
      }
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof Http2ResetFrame reset) {
      cut("stream reset with code " + reset.errorCode());
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    cut(Failures.text(cause));
    context.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    cut("connection closed");
    whenClosed.accept(context.channel());
    context.fireChannelInactive();
  }

  private void cut(String how) {
    Exchange exchange = current;
    current = null;
    if (exchange != null) {
      exchange.cut(how);
    }
  }
}
