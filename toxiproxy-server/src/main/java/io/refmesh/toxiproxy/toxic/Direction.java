package io.refmesh.toxiproxy.toxic;

import java.util.Locale;
import java.util.Optional;

/** Which way the bytes of a link flow. */
public enum Direction {
  /** From the client to the server. */
  UPSTREAM,
  /** From the server to the client. */
  DOWNSTREAM;

  /** The direction with this name in any case, or nothing. */
  public static Optional<Direction> named(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "upstream" -> Optional.of(UPSTREAM);
      case "downstream" -> Optional.of(DOWNSTREAM);
      default -> Optional.empty();
    };
  }
}
