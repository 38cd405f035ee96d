package io.refmesh.proxy.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One request of the script, and what either end saw of it. Its number is in its path, and every
 * byte of its bodies follows from the number and its place.
 */
public final class Call {

  /** How it ended for the client. */
  public enum Ending {
    UNDER_WAY,
    COMPLETE,
    BROKEN,
    CANCELLED
  }

  /** A try that reached an application. */
  public record Arrival(int replica, int tryNumber, long atNanos) {}

  /** Says at the end of an answer, where it has one, whose answer it was. */
  static final String TRAILER = "x-answer-end";

  static final String GRPC_STATUS = "grpc-status";

  /** No body is longer. */
  private static final int LONGEST = 1 << 20;

  /** Between where the bytes of one body begin and those of the next; a prime number. */
  private static final int APART = 65_537;

  /** Each body is a part of it: bytes of another body, or of another place, do not fit. */
  private static final byte[] NOISE = new byte[4 * LONGEST];

  static {
    new SplittableRandom(1).nextBytes(NOISE);
  }

  public final int number;
  public final String method;
  public final int requestBytes;
  public final boolean chunked;

  /** Whether the answer ends with trailers. */
  public final boolean trailers;

  /** Its status comes in the trailers, or in the head when there is nothing else. */
  public final boolean grpc;

  public final int answerBytes;
  public final long sentNanos;

  public final List<Arrival> arrivals = new ArrayList<>();

  /** How often an application had read all of it. */
  public int effects;

  public int status;

  /** -1 until there is one. */
  public int grpcStatus = -1;

  /** Which try the answer is of; 0 when the mesh made it. */
  public int answeredTry;

  public String error = "";

  /** Opaque: the application ended its direction before all was sent. */
  public boolean cutByApplication;

  /** Opaque: the caller ended its direction before all was sent. */
  public boolean cutByCaller;

  public long answerSeen;
  public Ending ending = Ending.UNDER_WAY;
  public long endedNanos;

  public Call(
      int number,
      String method,
      int requestBytes,
      boolean chunked,
      boolean trailers,
      boolean grpc,
      int answerBytes,
      long sentNanos) {
    this.number = number;
    this.method = method;
    this.requestBytes = requestBytes;
    this.chunked = chunked;
    this.trailers = trailers;
    this.grpc = grpc;
    this.answerBytes = answerBytes;
    this.sentNanos = sentNanos;
  }

  /** Whether it ended as it should where nothing goes wrong. */
  public boolean succeeded() {
    return ending == Ending.COMPLETE && status == 200 && (!grpc || grpcStatus == 0);
  }

  public String path() {
    return "/r" + number;
  }

  public boolean idempotent() {
    return !method.equals("POST");
  }

  /** Bytes {@code from} to {@code to} of the request's body. */
  public ByteBuf request(int from, int to) {
    return bytes(2 * number, from, to);
  }

  /** Bytes {@code from} to {@code to} of the answer's body. */
  public ByteBuf answer(int from, int to) {
    return bytes(2 * number + 1, from, to);
  }

  /** Whether the bytes are those at this place of the request's body. */
  public boolean isRequest(ByteBuf bytes, long from) {
    return is(bytes, 2 * number, from);
  }

  /** Whether the bytes are those at this place of the answer's body. */
  public boolean isAnswer(ByteBuf bytes, long from) {
    return is(bytes, 2 * number + 1, from);
  }

  private static ByteBuf bytes(int body, int from, int to) {
    return Unpooled.wrappedBuffer(NOISE, begin(body) + from, to - from);
  }

  private static boolean is(ByteBuf bytes, int body, long from) {
    int begin = begin(body) + (int) from;
    int length = bytes.readableBytes();
    return begin + length <= NOISE.length
        && bytes.nioBuffer().mismatch(ByteBuffer.wrap(NOISE, begin, length)) < 0;
  }

  private static int begin(int body) {
    return Math.floorMod(body * APART, NOISE.length - LONGEST);
  }

  @Override
  public String toString() {
    return method
        + " "
        + path()
        + " ("
        + requestBytes
        + " bytes, answer "
        + answerBytes
        + ") "
        + ending
        + " "
        + status
        + (grpc ? " grpc " + grpcStatus : "")
        + " "
        + error
        + " arrivals="
        + arrivals
        + " effects="
        + effects;
  }
}
