package io.refmesh.proxy.http.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import io.refmesh.proxy.http.RequestHead;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Netty's strict request decoder, and what it does not do: a request line that is not exactly one
 * and a folded header or trailer line are errors (RFC 9112 §3, §5.2), a head that does not come to
 * its end in time is one too, and after a request that asks for another protocol it waits to hear
 * what comes next.
 */
final class RequestDecoder extends HttpRequestDecoder {

  /**
   * Told once, on the event loop, with as much of the head as could be read; nothing more is
   * decoded afterwards.
   */
  interface HeadTrouble {
    void malformed(RequestHead asFarAsRead);

    void folded(RequestHead asFarAsRead);

    void unreadable(Throwable cause, RequestHead asFarAsRead);

    void late(RequestHead asFarAsRead);
  }

  private static final byte SPACE = ' ';
  private static final byte TAB = '\t';
  private static final byte LINE_FEED = '\n';
  private static final byte CARRIAGE_RETURN = '\r';

  private final HeadTrouble trouble;
  private final long timeoutNanos;
  private final int lineBytes;
  private boolean headBegun;
  private boolean requestLineSeen;
  private String method = "";
  private String target = "";
  private boolean inBody;
  private boolean inTrailers;
  private boolean broken;
  private @Nullable Runnable heldBack;
  private @Nullable ScheduledFuture<?> timer;

  RequestDecoder(ServerSettings settings, HeadTrouble trouble) {
    super(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(settings.headerBytes())
            .setMaxHeaderSize(settings.headerBytes())
            // Chunks go on as they come: no reason to cut what was read at once.
            .setMaxChunkSize(64 * 1024));
    this.trouble = trouble;
    this.timeoutNanos = settings.headerTimeout().toNanos();
    this.lineBytes = settings.headerBytes();
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf buffer, List<Object> out)
      throws Exception {
    if (broken) {
      buffer.skipBytes(buffer.readableBytes());
      return;
    }
    if (heldBack != null) {
      if (buffer.isReadable()) {
        heldBack.run();
      }
      return;
    }
    if (!inBody && buffer.isReadable()) {
      headBegun = true;
      if (!requestLineSeen && !wholeRequestLine(buffer)) {
        return;
      }
      if (!broken && folded(buffer, requestLineSeen)) {
        trouble.folded(asFarAsRead(buffer));
        broken = true;
      }
      if (broken) {
        stopTimer();
        buffer.skipBytes(buffer.readableBytes());
        return;
      }
    }
    if (inTrailers && folded(buffer, true)) {
      broken = true;
      buffer.skipBytes(buffer.readableBytes());
      out.add(foldedTrailer());
      return;
    }
    int before = out.size();
    int from = buffer.readerIndex();
    super.decode(context, buffer, out);
    if (inBody && out.size() == before && lastChunk(buffer, from)) {
      inTrailers = true;
    }
    for (int i = before; i < out.size(); i++) {
      Object message = out.get(i);
      if (message instanceof HttpMessage head && head.decoderResult().isFailure()) {
        unreadable(head.decoderResult().cause(), out, before);
        return;
      }
      if (message instanceof HttpMessage) {
        headBegun = false;
        requestLineSeen = false;
        inBody = true;
        stopTimer();
      }
      if (message instanceof LastHttpContent) {
        inBody = false;
        inTrailers = false;
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) throws Exception {
    // Most heads come in one read: a timer is made only for those that did not.
    if (headBegun && timer == null && !broken) {
      timer = context.executor().schedule(this::late, timeoutNanos, TimeUnit.NANOSECONDS);
    }
    super.channelReadComplete(context);
  }

  @Override
  protected void handlerRemoved0(ChannelHandlerContext context) throws Exception {
    stopTimer();
    super.handlerRemoved0(context);
  }

  @Override
  protected HttpMessage createMessage(String[] initialLine) throws Exception {
    requestLineSeen = true;
    method = initialLine[0];
    target = initialLine[1];
    return super.createMessage(initialLine);
  }

  @Override
  protected void decodeLast(ChannelHandlerContext context, ByteBuf buffer, List<Object> out)
      throws Exception {
    stopTimer();
    // A head that the caller gave up is nobody's request.
    if (inBody && heldBack == null) {
      super.decodeLast(context, buffer, out);
    }
  }

  /**
   * Decodes nothing more before {@link #goOn}: what follows may not be HTTP.
   *
   * @param more run when something follows
   */
  void hold(Runnable more) {
    heldBack = more;
  }

  /** What follows is HTTP after all. */
  void goOn(ChannelHandlerContext context) throws Exception {
    if (heldBack != null) {
      heldBack = null;
      channelRead(context, Unpooled.EMPTY_BUFFER);
      channelReadComplete(context);
    }
  }

  private void late() {
    timer = null;
    if (headBegun && !broken) {
      broken = true;
      trouble.late(asFarAsRead(internalBuffer()));
    }
  }

  private void unreadable(Throwable cause, List<Object> out, int before) {
    RequestHead found = RequestLine.found(method, target);
    while (out.size() > before) {
      ReferenceCountUtil.release(out.remove(out.size() - 1));
    }
    broken = true;
    stopTimer();
    trouble.unreadable(cause, found);
  }

  /** What the decoder has taken of the request line, or what of it still is in the buffer. */
  private RequestHead asFarAsRead(ByteBuf buffer) {
    return requestLineSeen
        ? RequestLine.found(method, target)
        : RequestLine.found(buffer, buffer.readerIndex(), buffer.writerIndex());
  }

  private void stopTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  /**
   * Waits for the end of the request line, or for more than may be one, and refuses what Netty
   * would read generously (RFC 9112 §3: whitespace other than two spaces can hide a request from
   * another reader). Empty lines may come before it.
   */
  private boolean wholeRequestLine(ByteBuf buffer) {
    int at = buffer.readerIndex();
    int end = buffer.writerIndex();
    int lineEnd = buffer.indexOf(at, end, LINE_FEED);
    while (lineEnd == at + 1 && buffer.getByte(at) == CARRIAGE_RETURN) {
      at = lineEnd + 1;
      lineEnd = buffer.indexOf(at, end, LINE_FEED);
    }
    if (lineEnd < 0) {
      boolean tooLong = end - at > lineBytes;
      if (tooLong) {
        RequestHead found = asFarAsRead(buffer);
        method = found.method();
        target = found.path();
      }
      return tooLong;
    }
    if (!RequestLine.isStrict(buffer, at, lineEnd)) {
      broken = true;
      trouble.malformed(RequestLine.found(buffer, at, lineEnd));
    }
    return true;
  }

  /**
   * Whether what the decoder has just taken, and given out nothing for it, is the line of the last
   * chunk: it takes that line alone. Of a longer chunk the size does not begin with a zero that no
   * other digit follows.
   */
  private static boolean lastChunk(ByteBuf buffer, int from) {
    int at = from;
    int end = buffer.readerIndex();
    while (at < end && buffer.getByte(at) == '0') {
      at++;
    }
    return at > from && at < end && Character.digit(buffer.getByte(at), 16) < 0;
  }

  private static LastHttpContent foldedTrailer() {
    LastHttpContent broken = new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER);
    broken.setDecoderResult(
        DecoderResult.failure(
            new DecoderException(
                "a trailer line is continued on the next (expected: one line for each field)")));
    return broken;
  }

  /**
   * Looks at what of the head or of the trailers is here, line by line up to the empty line,
   * without taking anything. A fold that comes in a later read is at the very start of the buffer
   * then, because the decoder has taken the whole lines before it.
   *
   * @param lineBefore whether the line before the buffer belongs to the same section
   */
  private static boolean folded(ByteBuf buffer, boolean lineBefore) {
    int at = buffer.readerIndex();
    int end = buffer.writerIndex();
    boolean afterLine = lineBefore;
    if (afterLine && starts(buffer, at, end)) {
      return true;
    }
    while (at < end) {
      int lineEnd = buffer.indexOf(at, end, LINE_FEED);
      if (lineEnd < 0) {
        return false;
      }
      boolean empty = lineEnd == at || lineEnd == at + 1 && buffer.getByte(at) == CARRIAGE_RETURN;
      if (empty && afterLine) {
        return false;
      }
      at = lineEnd + 1;
      if (!empty) {
        afterLine = true;
        if (starts(buffer, at, end)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean starts(ByteBuf buffer, int at, int end) {
    return at < end && (buffer.getByte(at) == SPACE || buffer.getByte(at) == TAB);
  }
}
