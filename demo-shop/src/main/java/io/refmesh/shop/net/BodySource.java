package io.refmesh.shop.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.refmesh.shop.serve.Answer;

/** The bytes of an answer's body, any part at any time. */
sealed interface BodySource {
  /** Longest piece that is asked for. */
  int PIECE_MAX = 16 * 1024;

  long size();

  /** The caller owns the buffer. */
  ByteBuf piece(long from, int length);

  static BodySource of(Answer.Body body) {
    return switch (body) {
      case Answer.Body.Document(byte[] json) -> new Whole(json);
      case Answer.Body.Pattern(long bytes, boolean told, long spread) -> new Cycle(bytes);
    };
  }

  /** A body that lies in memory. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
  record Whole(byte[] bytes) implements BodySource {
    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public ByteBuf piece(long from, int length) {
      return Unpooled.wrappedBuffer(bytes, (int) from, length);
    }
  }

  /**
   * Any number of bytes, byte i being i mod 251: a prime, so that pieces in the wrong order are
   * noticed.
   */
  record Cycle(long size) implements BodySource {
    private static final int PERIOD = 251;
    private static final byte[] TABLE = table(PERIOD, 0);

    @Override
    public ByteBuf piece(long from, int length) {
      return Unpooled.wrappedBuffer(TABLE, (int) (from % PERIOD), length);
    }
  }

  /** Any number of letters and a newline. */
  record Letters(long letters) implements BodySource {
    private static final int PERIOD = 26;
    private static final byte[] TABLE = table(PERIOD, 'a');

    @Override
    public long size() {
      return letters + 1;
    }

    @Override
    public ByteBuf piece(long from, int length) {
      if (from + length <= letters) {
        return Unpooled.wrappedBuffer(TABLE, (int) (from % PERIOD), length);
      }
      ByteBuf start = Unpooled.wrappedBuffer(TABLE, (int) (from % PERIOD), length - 1);
      return Unpooled.wrappedBuffer(start, Unpooled.wrappedBuffer(new byte[] {'\n'}));
    }
  }

  /** One piece longer than its period, so that a piece from any place lies in it whole. */
  private static byte[] table(int period, int first) {
    byte[] bytes = new byte[period + PIECE_MAX];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (first + i % period);
    }
    return bytes;
  }
}
