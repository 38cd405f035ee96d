package io.refmesh.control.kubernetes;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How patiently an API server is asked.
 *
 * @param first wait after a failure; it doubles with each further one
 * @param longest wait
 * @param stall a watch that brings nothing for so long, not even a bookmark, is taken for dead
 * @param start how long the first reading of everything may take
 * @param kinds how often it is asked which kinds there are
 */
record Pace(Duration first, Duration longest, Duration stall, Duration start, Duration kinds) {

  /** The server sends a bookmark each minute. */
  static final Pace STANDARD =
      new Pace(
          Duration.ofMillis(200),
          Duration.ofSeconds(10),
          Duration.ofSeconds(90),
          Duration.ofSeconds(15),
          Duration.ofSeconds(30));

  /**
   * @param failures in a row, at least one
   */
  Duration wait(int failures, RandomGenerator random) {
    Duration whole = first.multipliedBy(1L << Math.min(failures - 1, 16));
    Duration bounded = whole.compareTo(longest) < 0 ? whole : longest;
    // Half of it by chance: all kinds fail at the same moment.
    return Duration.ofNanos(bounded.toNanos() / 2 + random.nextLong(bounded.toNanos() / 2 + 1));
  }
}
