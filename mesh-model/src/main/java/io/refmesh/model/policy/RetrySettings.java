package io.refmesh.model.policy;

import java.time.Duration;
import java.util.List;

/**
 * Which failures are tried again and how often.
 *
 * @param attempts tries beyond the first
 * @param nonIdempotent whether a request that may have had an effect may be sent again
 * @param bodyLimitBytes how much of a request body is kept for another try
 */
public record RetrySettings(
    int attempts,
    List<RetryCondition> on,
    boolean nonIdempotent,
    Duration backoffBase,
    Duration backoffMax,
    int bodyLimitBytes,
    Budget budget) {

  public static final Duration BACKOFF_BASE = Duration.ofMillis(25);
  public static final Duration BACKOFF_MAX = Duration.ofMillis(250);
  public static final int BODY_LIMIT_BYTES = 64 * 1024;

  public RetrySettings {
    on = List.copyOf(on);
    if (attempts < 0) {
      throw new IllegalArgumentException("attempts: " + attempts + " (expected: >= 0)");
    }
  }

  /** Retries may be {@code percent} of requests plus {@code minPerSecond}, over {@code window}. */
  public record Budget(int percent, int minPerSecond, Duration window) {
    public static final Budget DEFAULT = new Budget(20, 10, Duration.ofSeconds(10));
  }
}
