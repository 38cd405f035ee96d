package io.refmesh.shop.net;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes one answer no faster than the client takes it: the head, then the body in pieces, spread
 * over a time if so asked, up to its end or to where it is cut.
 */
final class AnswerWriter {
  private static final int SLICES = 10;

  private final ChannelHandlerContext context;
  private final HttpResponse head;
  private final BodySource source;
  private final long end;
  private final boolean cut;
  private final long spreadMillis;
  private final Runnable whenWritten;
  private final Runnable whenFailed;
  private long position;
  private long sliceEnd;
  private int slices;
  private boolean lastWritten;
  private boolean going;
  private @Nullable ChannelFuture latest;
  private @Nullable Future<?> nextSlice;

  /**
   * @param end how many bytes of the body are written
   * @param cut the answer is left incomplete after them
   * @param whenWritten the last byte was taken by the network
   */
  AnswerWriter(
      ChannelHandlerContext context,
      HttpResponse head,
      BodySource source,
      long end,
      boolean cut,
      long spreadMillis,
      Runnable whenWritten,
      Runnable whenFailed) {
    this.context = context;
    this.head = head;
    this.source = source;
    this.end = end;
    this.cut = cut;
    this.spreadMillis = spreadMillis;
    this.whenWritten = whenWritten;
    this.whenFailed = whenFailed;
  }

  void start() {
    if (!cut && spreadMillis == 0 && end <= BodySource.PIECE_MAX) {
      lastWritten = true;
      latest =
          context.writeAndFlush(
              new DefaultFullHttpResponse(
                  head.protocolVersion(),
                  head.status(),
                  source.piece(0, (int) end),
                  head.headers(),
                  EmptyHttpHeaders.INSTANCE));
      report();
      return;
    }
    latest = context.writeAndFlush(head);
    if (spreadMillis == 0) {
      sliceEnd = end;
      go();
    } else {
      scheduleSlice();
    }
  }

  /** All of the answer was handed to the channel, if not yet to the network. */
  boolean lastWritten() {
    return lastWritten;
  }

  int status() {
    return head.status().code();
  }

  /** To be called when the channel takes more, which it may say in the midst of a write. */
  void go() {
    if (going || lastWritten) {
      return;
    }
    going = true;
    do {
      writePieces();
      context.flush();
    } while (position < sliceEnd && context.channel().isWritable());
    going = false;
    if (lastWritten) {
      report();
    } else if (position == sliceEnd && nextSlice == null) {
      scheduleSlice();
    }
  }

  private void writePieces() {
    while (position < sliceEnd && context.channel().isWritable()) {
      int length = (int) Math.min(BodySource.PIECE_MAX, sliceEnd - position);
      latest = context.write(new DefaultHttpContent(source.piece(position, length)));
      position += length;
    }
    if (position == end) {
      lastWritten = true;
      if (!cut) {
        latest = context.write(LastHttpContent.EMPTY_LAST_CONTENT);
      }
    }
  }

  void stop() {
    if (nextSlice != null) {
      nextSlice.cancel(false);
    }
  }

  private void scheduleSlice() {
    nextSlice =
        context
            .executor()
            .schedule(
                () -> {
                  nextSlice = null;
                  slices++;
                  sliceEnd =
                      slices == SLICES ? end : Math.min(end, source.size() / SLICES * slices);
                  go();
                },
                TimeUnit.MILLISECONDS.toNanos(spreadMillis) / SLICES,
                TimeUnit.NANOSECONDS);
  }

  private void report() {
    if (latest != null) {
      latest.addListener(written -> {
        if (written.isSuccess()) {
          whenWritten.run();
        } else {
          whenFailed.run();
        }
      });
    }
  }
}
