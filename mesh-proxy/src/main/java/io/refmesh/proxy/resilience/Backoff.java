package io.refmesh.proxy.resilience;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before a retry: at random up to a bound that doubles with each one ("full
 * jitter"), so that retries of many callers do not come together.
 */
record Backoff(long baseNanos, long maxNanos) {

  static Backoff of(Duration base, Duration max) {
    return new Backoff(base.toNanos(), Math.max(base.toNanos(), max.toNanos()));
  }

  /**
   * @param retry from 1
   */
  long nanos(int retry, RandomGenerator random) {
    int doublings = retry - 1;
    long bound =
        doublings >= 62 || baseNanos > (maxNanos >> doublings) ? maxNanos : baseNanos << doublings;
    return bound <= 0 ? 0 : random.nextLong(bound + 1);
  }
}
