package io.refmesh.proxy.telemetry;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A ring of bytes that keeps the latest records; the oldest make room. Not safe on several threads:
 * the caller holds its lock.
 *
 * <pre>
 *   oldest ──▶ length | content    length | content    length | content ◀── next
 * </pre>
 *
 * A record may run over the end of the array to its beginning. It is made in a buffer of its own
 * first, so that only whole ones are here.
 */
final class RecordRing {

  private static final int LENGTH_BYTES = 4;

  /** Longer records are cut at their texts. */
  private static final int RECORD_MAX = 12 * 1024;

  /** What numbers need that follow a text. */
  private static final int NUMBERS_MAX = 512;

  private final int capacity;
  private final Counter overwritten;
  private @Nullable Writer writer;
  // Made with the first record: a loop without traffic costs nothing.
  private byte @Nullable [] ring;
  // Positions only grow; the index in the array is the rest of the division.
  private long oldest;
  private long next;

  RecordRing(int capacity, Counter overwritten) {
    this.capacity = capacity;
    this.overwritten = overwritten;
  }

  /** Begins a record; what is written to the answer is its content. */
  Writer begin() {
    if (writer == null) {
      writer = new Writer();
    }
    writer.at = LENGTH_BYTES;
    return writer;
  }

  /** Keeps the record. */
  void end(Writer complete) {
    int length = complete.at;
    if (length > capacity) {
      overwritten.increment();
      return;
    }
    if (ring == null) {
      ring = new byte[capacity];
    }
    complete.at = 0;
    complete.integer(length);
    while (next + length - oldest > capacity) {
      oldest += new Reader(ring, oldest).integer();
      overwritten.increment();
    }
    int index = (int) (next % capacity);
    int first = Math.min(length, capacity - index);
    System.arraycopy(complete.buffer, 0, ring, index, first);
    System.arraycopy(complete.buffer, first, ring, 0, length - first);
    next += length;
  }

  /** Every record, the oldest first. */
  void forEach(Consumer<Reader> consumer) {
    if (ring == null) {
      return;
    }
    long at = oldest;
    while (at < next) {
      Reader reader = new Reader(ring, at);
      int length = reader.integer();
      consumer.accept(reader);
      at += length;
    }
  }

  /** Makes one record. */
  static final class Writer {

    private final byte[] buffer = new byte[RECORD_MAX];
    private int at;

    private Writer() {}

    void number(long value) {
      integer((int) (value >>> Integer.SIZE));
      integer((int) value);
    }

    void integer(int value) {
      buffer[at++] = (byte) (value >>> 24);
      buffer[at++] = (byte) (value >>> 16);
      buffer[at++] = (byte) (value >>> 8);
      buffer[at++] = (byte) value;
    }

    /** From 0 to 65,535. */
    void small(int value) {
      buffer[at++] = (byte) (value >>> 8);
      buffer[at++] = (byte) value;
    }

    void flag(boolean value) {
      buffer[at++] = (byte) (value ? 1 : 0);
    }

    /** Of Latin-1; other characters become a question mark. */
    void text(String text, int most) {
      int room = Math.max(0, buffer.length - NUMBERS_MAX - at);
      int length = Math.min(Math.min(text.length(), most), room);
      small(length);
      for (int i = 0; i < length; i++) {
        char c = text.charAt(i);
        buffer[at++] = (byte) (c < 0x100 ? c : '?');
      }
    }

    /** At most 255. */
    void bytes(byte[] bytes) {
      small(bytes.length);
      System.arraycopy(bytes, 0, buffer, at, bytes.length);
      at += bytes.length;
    }
  }

  /** Reads one record in the order in which it was written. */
  static final class Reader {

    private final byte[] array;
    private long at;

    Reader(byte[] array, long at) {
      this.array = array;
      this.at = at;
    }

    long number() {
      long value = 0;
      for (int i = 0; i < Long.BYTES; i++) {
        value = value << Byte.SIZE | one();
      }
      return value;
    }

    int integer() {
      int value = 0;
      for (int i = 0; i < Integer.BYTES; i++) {
        value = value << Byte.SIZE | one();
      }
      return value;
    }

    int small() {
      int high = one();
      return high << Byte.SIZE | one();
    }

    boolean flag() {
      return one() != 0;
    }

    String text() {
      return new String(bytes(), StandardCharsets.ISO_8859_1);
    }

    byte[] bytes() {
      byte[] bytes = new byte[small()];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) one();
      }
      return bytes;
    }

    private int one() {
      return array[(int) (at++ % array.length)] & 0xff;
    }
  }
}
