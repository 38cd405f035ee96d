package io.refmesh.proxy.simulation;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

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

  public final int number;
  public final String method;
  public final int requestBytes;
  public final boolean chunked;
  public final int answerBytes;
  public final long sentNanos;

  public final List<Arrival> arrivals = new ArrayList<>();

  /** How often an application had read all of it. */
  public int effects;

  public int status;

  /** Which try the answer is of; 0 when the mesh made it. */
  public int answeredTry;

  public String error = "";
  public long answerSeen;
  public Ending ending = Ending.UNDER_WAY;
  public long endedNanos;

  public Call(
      int number,
      String method,
      int requestBytes,
      boolean chunked,
      int answerBytes,
      long sentNanos) {
    this.number = number;
    this.method = method;
    this.requestBytes = requestBytes;
    this.chunked = chunked;
    this.answerBytes = answerBytes;
    this.sentNanos = sentNanos;
  }

  public String path() {
    return "/r" + number;
  }

  public boolean idempotent() {
    return !method.equals("POST");
  }

  /** Bytes {@code from} to {@code to} of the request's body. */
  public byte[] request(int from, int to) {
    return bytes(number * 31, from, to);
  }

  /** Bytes {@code from} to {@code to} of the answer's body. */
  public byte[] answer(int from, int to) {
    return bytes(number * 37 + 11, from, to);
  }

  /** Whether the bytes are those at this place of the request's body. */
  public boolean isRequest(ByteBuf bytes, long from) {
    return is(bytes, number * 31, from);
  }

  /** Whether the bytes are those at this place of the answer's body. */
  public boolean isAnswer(ByteBuf bytes, long from) {
    return is(bytes, number * 37 + 11, from);
  }

  private static byte[] bytes(int salt, int from, int to) {
    byte[] bytes = new byte[to - from];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = at(salt, from + i);
    }
    return bytes;
  }

  private static boolean is(ByteBuf bytes, int salt, long from) {
    for (int i = 0; i < bytes.readableBytes(); i++) {
      if (bytes.getByte(bytes.readerIndex() + i) != at(salt, from + i)) {
        return false;
      }
    }
    return true;
  }

  private static byte at(int salt, long place) {
    return (byte) (salt + place * 7 + (place >> 8));
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
        + " "
        + error
        + " arrivals="
        + arrivals
        + " effects="
        + effects;
  }
}
