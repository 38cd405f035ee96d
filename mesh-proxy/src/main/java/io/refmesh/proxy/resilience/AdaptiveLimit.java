package io.refmesh.proxy.resilience;

/**
 * Finds out how many requests a service can have under way before they begin to wait for each
 * other.
 *
 * <p>The gradient controller of Envoy's adaptive concurrency filter, which follows Netflix's
 * concurrency-limits: answers of about a tenth of a second make a window; its mean latency is
 * compared with the latency without load, and the limit follows their quotient, plus a headroom of
 * its square root that lets it grow:
 *
 * <pre>  next = limit × min(1, max(½, 1.25 × base / mean)) + √limit</pre>
 *
 * The limit grows only while at least half of it is used, and goes half way to {@code next} each
 * time, so that one odd window does not decide. The base is the least mean seen. It is measured
 * anew from time to time, with half the limit, as BBR does for its shortest round trip, since
 * services get slower for good as well; without that the base could be what a queue made it.
 *
 * <p>Pure: time is given. Guarded by its owner.
 */
final class AdaptiveLimit {

  /** Netflix's start: enough to learn from, not enough to do harm. */
  static final int START = 20;

  /** With fewer under way nothing could be measured; Envoy's. */
  static final int LEAST = 3;

  /** Where the policy names no bound. */
  static final int MOST = 10_000;

  private static final long WINDOW_NANOS = 100_000_000L;

  /** A mean of fewer says little: the window stays open. */
  private static final int SAMPLES_MIN = 10;

  private static final double TOLERANCE = 1.25;
  private static final double LEAST_GRADIENT = 0.5;

  /** The first base may come out of an overload that was there before us. */
  private static final long FIRST_MEASURE_NANOS = 1_000_000_000L;

  private static final long MEASURE_NANOS = 30_000_000_000L;

  private final int most;
  private final int least;
  private double limit;
  private double before;
  private boolean measuring;
  private long baseNanos;
  private long measureAtNanos;
  private long windowNanos;
  private long sumNanos;
  private int samples;
  private int peak;

  /**
   * @param most the limit never gets larger
   */
  AdaptiveLimit(int most, long nowNanos) {
    this.most = Math.max(1, most);
    least = Math.min(LEAST, this.most);
    limit = Math.min(START, this.most);
    windowNanos = nowNanos;
    measureAtNanos = nowNanos + FIRST_MEASURE_NANOS;
  }

  int limit() {
    return (int) limit;
  }

  /** Latency without load; 0 before the first window. */
  long baseNanos() {
    return baseNanos;
  }

  /**
   * A request was answered, or given up for the time it took.
   *
   * @param inFlight how many were under way, it included
   */
  void sample(long startNanos, int inFlight, long nowNanos) {
    if (startNanos - windowNanos < 0 && measuring) {
      // Sent while the limit was higher: it waited in the queue that is to be measured without.
      return;
    }
    sumNanos += nowNanos - startNanos;
    samples++;
    peak = Math.max(peak, inFlight);
    if (samples >= SAMPLES_MIN && nowNanos - windowNanos >= WINDOW_NANOS) {
      closeWindow(nowNanos);
    }
  }

  private void closeWindow(long nowNanos) {
    long mean = Math.max(1, sumNanos / samples);
    if (measuring) {
      measuring = false;
      baseNanos = mean;
      limit = before;
      measureAtNanos = nowNanos + MEASURE_NANOS;
    } else {
      baseNanos = baseNanos == 0 ? mean : Math.min(baseNanos, mean);
      follow(mean);
      if (nowNanos - measureAtNanos >= 0) {
        measuring = true;
        before = limit;
        limit = Math.max(least, limit / 2);
      }
    }
    windowNanos = nowNanos;
    sumNanos = 0;
    samples = 0;
    peak = 0;
  }

  private void follow(long meanNanos) {
    double gradient = Math.clamp(TOLERANCE * baseNanos / meanNanos, LEAST_GRADIENT, 1);
    double next = limit * gradient + Math.sqrt(limit);
    if (next > limit && peak < limit / 2) {
      return;
    }
    limit = Math.clamp((limit + next) / 2, least, most);
  }
}
