package io.refmesh.chaos.verdict;

import java.util.Locale;

/** How a scenario or an expectation ended; what is not known is never a pass. */
public enum Result {
  PASSED,
  FAILED,
  SKIPPED,
  ABORTED;

  /** As in {@code verdict.json}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
