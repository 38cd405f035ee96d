package io.refmesh.proxy.endpoint;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * How busy an endpoint is, as the answers of this proxy show: a peak-sensitive moving average of
 * the time to the response head, times the tries that are pending.
 *
 * <p>A slower answer counts at once, faster ones pull the estimate down over ten seconds, and so
 * does silence: an endpoint that was slow is tried again. After Finagle's and Linkerd's peak EWMA.
 * Safe on any thread.
 */
public final class LoadEstimate {

  /** What an endpoint is taken for before its first answer; Linkerd's value. */
  private static final double START_NANOS = Duration.ofMillis(30).toNanos();

  /** Time after which an old answer weighs 1/e; Linkerd's value. */
  private static final double DECAY_NANOS = Duration.ofSeconds(10).toNanos();

  private record Average(double nanos, long atNanos) {

    double at(long nowNanos) {
      long age = nowNanos - atNanos;
      return age <= 0 ? nanos : nanos * Math.exp(-age / DECAY_NANOS);
    }
  }

  private final AtomicReference<Average> average;
  private final AtomicInteger pending = new AtomicInteger();

  LoadEstimate(long nowNanos) {
    average = new AtomicReference<>(new Average(START_NANOS, nowNanos));
  }

  /** Tries sent and not ended. */
  public int pending() {
    return pending.get();
  }

  /** Higher is busier. */
  public double load(long nowNanos) {
    return average.get().at(nowNanos) * (pending.get() + 1);
  }

  /** The average time to a response head, in nanoseconds. */
  public double latencyNanos(long nowNanos) {
    return average.get().at(nowNanos);
  }

  void begin() {
    pending.incrementAndGet();
  }

  void end() {
    pending.decrementAndGet();
  }

  /** A response head came after so long. */
  void answered(long tookNanos, long nowNanos) {
    Average before;
    Average after;
    do {
      before = average.get();
      if (tookNanos > before.nanos) {
        after = new Average(tookNanos, nowNanos);
      } else {
        double old = Math.exp(-Math.max(0, nowNanos - before.atNanos) / DECAY_NANOS);
        after = new Average(before.nanos * old + tookNanos * (1 - old), nowNanos);
      }
    } while (!average.compareAndSet(before, after));
  }

  /** It failed after so long: a failure that came fast must not make the endpoint attractive. */
  void failed(long tookNanos, long nowNanos) {
    Average before = average.get();
    if (tookNanos > before.nanos) {
      average.compareAndSet(before, new Average(tookNanos, nowNanos));
    }
  }
}
