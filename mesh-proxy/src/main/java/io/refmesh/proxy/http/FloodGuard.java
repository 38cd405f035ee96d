package io.refmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameTypes;
import org.jspecify.annotations.Nullable;

/**
 * Counts the frames of one HTTP/2 peer by their headers, before anything is made of them, and says
 * which kind is a flood. On the event loop of the connection; nothing is allocated.
 *
 * <h2>What is a flood</h2>
 *
 * Frames that cost the receiver work and bring neither a request nor a byte further. A connection
 * that is used sends some of them, so what its heads and bodies account for is allowed beside a
 * fixed number per window: a PING with each body frame (some clients measure the round trip so),
 * four WINDOW_UPDATE for each frame of ours, and so on.
 *
 * <p>The window begins anew only when a number is exceeded that was counted for longer than it
 * lasts: time is asked for that rarely.
 */
final class FloodGuard {

  private static final int FRAME_HEADER_BYTES = 9;
  private static final int PREFACE_BYTES = 24;

  /** Frames beyond the first that one head may come in. */
  private static final int CONTINUATIONS_MOST = 64;

  /** No frame of a body that is worth splitting is smaller (RFC 9113 §4.2 allows 16,384 always). */
  private static final int CREDITED_BYTES = 16 * 1024;

  /** A padded frame this short may hold nothing but its padding. */
  private static final int PADDING_BYTES_MOST = 256;

  private final Http2Limits limits;
  private final int resetsMost;
  private final int headBytesMost;
  private final byte[] partial = new byte[FRAME_HEADER_BYTES];
  private int partialBytes;
  private long skip;
  private long windowStart;
  private int heads;
  private int bodies;
  private int written;
  private int pings;
  private int settings;
  private int answers;
  private int priorities;
  private int credits;
  private int empties;
  private int unknown;
  private int resets;
  private int provoked;
  private int continuations;
  private long headBytes;

  /**
   * @param server whether the peer begins with the connection preface
   * @param headBytesMost encoded bytes of one head
   */
  FloodGuard(Http2Limits limits, boolean server, int resetsMost, int headBytesMost) {
    this.limits = limits;
    this.resetsMost = resetsMost;
    this.headBytesMost = headBytesMost;
    this.skip = server ? PREFACE_BYTES : 0;
    this.windowStart = limits.ticker().nanoTime();
  }

  /** Looks at bytes as they came, without taking them; answers the kind of a flood, or null. */
  @Nullable String read(ByteBuf bytes) {
    int at = bytes.readerIndex();
    int end = bytes.writerIndex();
    while (at < end) {
      if (skip > 0) {
        int step = (int) Math.min(skip, end - at);
        skip -= step;
        at += step;
        continue;
      }
      int type;
      int flags;
      if (partialBytes == 0 && end - at >= FRAME_HEADER_BYTES) {
        int start = bytes.getInt(at);
        skip = start >>> 8;
        type = start & 0xff;
        flags = bytes.getByte(at + 4);
        at += FRAME_HEADER_BYTES;
      } else {
        partial[partialBytes++] = bytes.getByte(at++);
        if (partialBytes < FRAME_HEADER_BYTES) {
          continue;
        }
        partialBytes = 0;
        skip = (partial[0] & 0xff) << 16 | (partial[1] & 0xff) << 8 | (partial[2] & 0xff);
        type = partial[3] & 0xff;
        flags = partial[4];
      }
      String kind = frame(type, flags, (int) skip);
      if (kind != null) {
        return kind;
      }
    }
    return null;
  }

  /** A part of a body was written, as one frame or many: the peer may give credit for each. */
  void written(int bytes) {
    written += 1 + bytes / CREDITED_BYTES;
  }

  /** We have to reset a stream because of what the peer sent on it. */
  @Nullable String provoked() {
    return over(++provoked, limits.floodFrames()) ? "provoked-reset" : null;
  }

  private @Nullable String frame(int type, int flags, int length) {
    int most = limits.floodFrames();
    return switch (type) {
      case Http2FrameTypes.DATA -> {
        boolean last = (flags & Http2Flags.END_STREAM) != 0;
        boolean padded = (flags & Http2Flags.PADDED) != 0;
        if (last || length > (padded ? PADDING_BYTES_MOST : 0)) {
          bodies++;
          yield null;
        }
        yield over(++empties, most + bodies) ? "empty-data" : null;
      }
      case Http2FrameTypes.HEADERS -> {
        heads++;
        continuations = 0;
        headBytes = length;
        yield null;
      }
      case Http2FrameTypes.CONTINUATION -> {
        headBytes += length;
        yield ++continuations > CONTINUATIONS_MOST || headBytes > headBytesMost
            ? "continuation"
            : null;
      }
      case Http2FrameTypes.PRIORITY -> over(++priorities, most + 2 * heads) ? "priority" : null;
      case Http2FrameTypes.RST_STREAM ->
          // Where less than half of the streams end so, somebody gives up often; that is no attack.
          over(++resets, Math.max(resetsMost, heads / 2)) ? "reset" : null;
      case Http2FrameTypes.SETTINGS ->
          (flags & Http2Flags.ACK) == 0
              ? over(++settings, most) ? "settings" : null
              : over(++answers, most + bodies) ? "ack" : null;
      case Http2FrameTypes.PING ->
          (flags & Http2Flags.ACK) == 0
              ? over(++pings, most + bodies + written) ? "ping" : null
              : over(++answers, most + bodies) ? "ack" : null;
      case Http2FrameTypes.WINDOW_UPDATE ->
          over(++credits, most + 4 * written) ? "window-update" : null;
      case Http2FrameTypes.PUSH_PROMISE, Http2FrameTypes.GO_AWAY ->
          over(++unknown, most) ? "other" : null;
      default -> over(++unknown, most + 2 * heads) ? "other" : null;
    };
  }

  private boolean over(int count, int most) {
    if (count <= most) {
      return false;
    }
    long now = limits.ticker().nanoTime();
    if (now - windowStart < limits.window().toNanos()) {
      return true;
    }
    windowStart = now;
    heads = 0;
    bodies = 0;
    written = 0;
    pings = 0;
    settings = 0;
    answers = 0;
    priorities = 0;
    credits = 0;
    empties = 0;
    unknown = 0;
    resets = 0;
    provoked = 0;
    return false;
  }
}
