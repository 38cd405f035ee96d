package io.refmesh.chaos.cluster;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.function.Consumer;

/**
 * The lines of a container's log, each with the time before it as the API server sends them, told
 * once also when the log is asked for again after its connection broke. One thread.
 */
final class PodLines {

  private final Consumer<String> told;
  private Instant last = Instant.EPOCH;

  PodLines(Consumer<String> told) {
    this.told = told;
  }

  /** From when to ask; what was told at that very instant comes again and is left out. */
  Instant last() {
    return last;
  }

  void line(String line) {
    int space = line.indexOf(' ');
    Instant at;
    try {
      at = Instant.parse(space < 0 ? line : line.substring(0, space));
    } catch (DateTimeParseException e) {
      // A line of the API server's own, such as why there is no log.
      told.accept(line);
      return;
    }
    if (at.isAfter(last)) {
      last = at;
      told.accept(space < 0 ? "" : line.substring(space + 1));
    }
  }
}
