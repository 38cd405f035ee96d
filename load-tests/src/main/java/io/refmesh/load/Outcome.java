package io.refmesh.load;

import java.util.Locale;

/** What became of a request; the README says what each means. */
enum Outcome {
  OK,
  HTTP,
  ERROR,
  TIMEOUT,
  CONNECT,
  RESET,
  TRUNCATED;

  /** As written in the record. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
