package io.refmesh.proxy.control;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Waits between tries: anything from next to nothing up to a bound that doubles from base to max
 * (full jitter). One thread.
 */
final class JitteredBackoff {

  /** Keeps a fast failure from becoming a busy loop. */
  private static final Duration SHORTEST = Duration.ofMillis(10);

  private static final int DOUBLINGS_MAX = 20;

  private final RandomGenerator random;
  private int failures;

  JitteredBackoff(RandomGenerator random) {
    this.random = random;
  }

  Duration next(Duration base, Duration max) {
    long bound = Math.min(max.toNanos(), base.toNanos() << Math.min(failures, DOUBLINGS_MAX));
    if (bound <= 0) {
      // Doubled past 63 bits.
      bound = max.toNanos();
    }
    failures++;
    return Duration.ofNanos(Math.max(SHORTEST.toNanos(), random.nextLong(bound + 1)));
  }

  /** After a success the next wait is short again. */
  void reset() {
    failures = 0;
  }
}
