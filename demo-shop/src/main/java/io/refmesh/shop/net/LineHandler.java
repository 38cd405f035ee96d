package io.refmesh.shop.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.TooLongFrameException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** The lines of one TCP connection, answered one after the other. */
final class LineHandler extends ChannelInboundHandlerAdapter {
  private static final int LINE_BYTES_MAX = 8192;

  /** Above this many waiting lines reading stops. */
  private static final int WAITING_MAX = 64;

  private final App app;
  private final ArrayDeque<String> waiting = new ArrayDeque<>();
  private @Nullable LineExchange exchange;
  private boolean drain;

  private LineHandler(App app) {
    this.app = app;
  }

  static void install(ChannelPipeline pipeline, App app) {
    pipeline.addLast(new LineBasedFrameDecoder(LINE_BYTES_MAX)).addLast(new LineHandler(app));
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    if (app.greeting) {
      context.writeAndFlush(text("READY " + app.instance.name() + "\n"));
    }
    context.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    String line = bytes.toString(StandardCharsets.UTF_8);
    bytes.release();
    if (exchange == null && waiting.isEmpty()) {
      take(context, line);
    } else {
      waiting.add(line);
      if (waiting.size() >= WAITING_MAX) {
        context.channel().config().setAutoRead(false);
      }
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    waiting.clear();
    if (exchange != null) {
      exchange.clientLeft();
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
    if (event == Drain.BEGIN) {
      drain = true;
      if (exchange == null) {
        context.close();
      }
      return;
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof TooLongFrameException) {
      app.record.malformed();
      context.writeAndFlush(
          text("ERROR line too long (expected: at most " + LINE_BYTES_MAX + " bytes)\n"));
    }
    context.close();
  }

  private void take(ChannelHandlerContext context, String line) {
    exchange = new LineExchange(app, context, line, goesOn -> done(context, goesOn));
    exchange.start();
  }

  private void done(ChannelHandlerContext context, boolean goesOn) {
    exchange = null;
    if (!goesOn || drain) {
      context.close();
    } else if (waiting.isEmpty()) {
      context.channel().config().setAutoRead(true);
    } else {
      // Not from here: answers that are done at once would nest as deep as the queue is long.
      context.executor().execute(() -> goOn(context));
    }
  }

  private void goOn(ChannelHandlerContext context) {
    String line = exchange == null ? waiting.poll() : null;
    if (line != null) {
      take(context, line);
    }
  }

  static ByteBuf text(String text) {
    return Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8));
  }
}
