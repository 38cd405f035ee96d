package io.refmesh.shop.behave;

/** What becomes of an answer. */
public sealed interface Action {
  /** It is given. */
  record AsUsual() implements Action {}

  /** Another status is given in its place. */
  record Status(int code) implements Action {}

  /** None is given, until the client leaves. */
  record Hang() implements Action {}

  /** The connection (HTTP/2: the stream) is reset in its place. */
  record Reset() implements Action {}

  /** Its head and the first bytes of its body are given. */
  record Cut(long bytes, End end) implements Action {}

  /** What follows the last byte of an answer that is cut. */
  enum End {
    CLOSE,
    HANG,
    RESET
  }
}
