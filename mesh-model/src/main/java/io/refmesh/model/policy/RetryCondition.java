package io.refmesh.model.policy;

import java.util.Map;

/** One kind of failure that a policy lets be tried again. */
public sealed interface RetryCondition {

  /** An HTTP status of the answer, bounds included. */
  record Status(int from, int to) implements RetryCondition {}

  /** The connection could not be made: nothing was sent. */
  record ConnectFailure() implements RetryCondition {}

  /** The stream or connection was reset before the response head. */
  record Reset() implements RetryCondition {}

  /**
   * The server refused the stream unprocessed (RST_STREAM REFUSED_STREAM, GOAWAY below the stream).
   */
  record RefusedStream() implements RetryCondition {}

  record PerTryTimeout() implements RetryCondition {}

  /** A status of gRPC, by number. */
  record GrpcStatus(int code) implements RetryCondition {}

  Map<String, Integer> GRPC_NAMES =
      Map.ofEntries(
          Map.entry("cancelled", 1),
          Map.entry("unknown", 2),
          Map.entry("invalid-argument", 3),
          Map.entry("deadline-exceeded", 4),
          Map.entry("not-found", 5),
          Map.entry("already-exists", 6),
          Map.entry("permission-denied", 7),
          Map.entry("resource-exhausted", 8),
          Map.entry("failed-precondition", 9),
          Map.entry("aborted", 10),
          Map.entry("out-of-range", 11),
          Map.entry("unimplemented", 12),
          Map.entry("internal", 13),
          Map.entry("unavailable", 14),
          Map.entry("data-loss", 15),
          Map.entry("unauthenticated", 16));

  String EXPECTED =
      "expected: 4xx, 5xx, gateway-error, a status such as \"503\", a range such as \"500-502\", connect-failure, reset,"
          + " refused-stream, per-try-timeout, or grpc:<name> such as grpc:unavailable";

  /** Reads one element of {@code retry.on}, or throws with what was expected. */
  static RetryCondition parse(String text) {
    return switch (text) {
      case "4xx" -> new Status(400, 499);
      case "5xx" -> new Status(500, 599);
      case "gateway-error" -> new Status(502, 504);
      case "connect-failure" -> new ConnectFailure();
      case "reset" -> new Reset();
      case "refused-stream" -> new RefusedStream();
      case "per-try-timeout" -> new PerTryTimeout();
      default -> text.startsWith("grpc:") ? grpc(text) : status(text);
    };
  }

  /** The text that {@link #parse} reads back to this condition. */
  default String text() {
    return switch (this) {
      case Status(int from, int to) -> from == to ? Integer.toString(from) : from + "-" + to;
      case ConnectFailure() -> "connect-failure";
      case Reset() -> "reset";
      case RefusedStream() -> "refused-stream";
      case PerTryTimeout() -> "per-try-timeout";
      case GrpcStatus(int code) -> "grpc:" + code;
    };
  }

  private static RetryCondition grpc(String text) {
    String name = text.substring("grpc:".length());
    Integer code = GRPC_NAMES.get(name);
    if (code == null) {
      try {
        code = Integer.valueOf(name);
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("retry condition: " + text + " (" + EXPECTED + ")", e);
      }
    }
    if (code < 1 || code > 16) {
      throw new IllegalArgumentException("retry condition: " + text + " (" + EXPECTED + ")");
    }
    return new GrpcStatus(code);
  }

  private static RetryCondition status(String text) {
    try {
      int dash = text.indexOf('-');
      int from = Integer.parseInt(dash < 0 ? text : text.substring(0, dash));
      int to = dash < 0 ? from : Integer.parseInt(text.substring(dash + 1));
      if (from >= 400 && to <= 599 && from <= to) {
        return new Status(from, to);
      }
    } catch (NumberFormatException e) {
      // Falls through to the message, which says what was expected.
    }
    throw new IllegalArgumentException("retry condition: " + text + " (" + EXPECTED + ")");
  }
}
