package io.refmesh.shop.record;

import java.util.Locale;

/** How a request ended. */
public enum Outcome {
  /** The answer was handed to the network whole. */
  FINISHED,
  /** The client left before that. */
  CANCELLED,
  /** The shop cut it off. */
  RESET;

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
