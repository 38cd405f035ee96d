package io.refmesh.shop.serve;

import io.refmesh.shop.json.Json;
import java.util.Map;
import java.util.Optional;

/** What a page says; the headers that every answer carries are added where it is written. */
public record Answer(int status, Body body, Optional<String> allow) {

  /** JSON is small and whole; a pattern is made while it is sent. */
  public sealed interface Body {
    /** A JSON document. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
    record Document(byte[] json) implements Body {}

    /** So many bytes in an order anyone can check, spread over a time. */
    record Pattern(long bytes, boolean lengthTold, long spreadMillis) implements Body {}
  }

  public static Answer json(int status, Object value) {
    return new Answer(status, new Body.Document(Json.bytes(value)), Optional.empty());
  }

  public static Answer error(int status, String message) {
    return json(status, Map.of("error", message));
  }

  static Answer pattern(long bytes, boolean lengthTold, long spreadMillis) {
    return new Answer(200, new Body.Pattern(bytes, lengthTold, spreadMillis), Optional.empty());
  }

  static Answer wrongMethod(String allow) {
    return new Answer(
        405,
        new Body.Document(
            Json.bytes(Map.of("error", "method not allowed (expected: " + allow + ")"))),
        Optional.of(allow));
  }
}
