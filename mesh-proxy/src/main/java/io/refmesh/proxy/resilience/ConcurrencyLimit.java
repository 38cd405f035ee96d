package io.refmesh.proxy.resilience;

import io.refmesh.model.policy.BackendSettings.Limits;
import io.refmesh.proxy.telemetry.LongGauge;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * How many tries of this proxy are under way at one service, and may be. Shared by all event loops
 * and all versions of the service's configuration; asking takes no lock.
 */
public final class ConcurrencyLimit {

  /**
   * What {@code /config} shows.
   *
   * @param limit in force now
   * @param baseNanos latency without load as the adaptive limit knows it; 0 when it does not
   */
  public record Snapshot(int inFlight, int limit, boolean adaptive, long baseNanos) {}

  private final LongGauge gauge;
  private final AtomicInteger inFlight = new AtomicInteger();
  private volatile int limit;
  private volatile int written;

  // Guarded by this.
  private Limits settings;
  private @Nullable AdaptiveLimit adaptive;

  ConcurrencyLimit(Limits settings, LongGauge gauge, long nowNanos) {
    this.settings = settings;
    this.gauge = gauge;
    take(settings, nowNanos);
  }

  /** Whether one more may begin; it is counted then, and the caller owes an {@link #end}. */
  boolean tryBegin() {
    int now = inFlight.get();
    while (now < limit) {
      if (inFlight.compareAndSet(now, now + 1)) {
        return true;
      }
      now = inFlight.get();
    }
    return false;
  }

  void end() {
    inFlight.decrementAndGet();
  }

  /** One that began then was answered, or given up for the time it took. */
  void sample(long startNanos, long nowNanos) {
    synchronized (this) {
      if (adaptive != null) {
        adaptive.sample(startNanos, inFlight.get(), nowNanos);
        show(adaptive.limit());
      }
    }
  }

  /** Name of the setting that holds now, for the counter and the message. */
  String binding() {
    return limit < written || written == 0 ? "adaptive" : "inFlight";
  }

  int limit() {
    return limit;
  }

  public synchronized Snapshot snapshot() {
    return new Snapshot(
        inFlight.get(), limit, adaptive != null, adaptive == null ? 0 : adaptive.baseNanos());
  }

  /** Takes over changed settings; what was learned stays as far as it can. */
  synchronized void settings(Limits changed, long nowNanos) {
    if (!changed.equals(settings)) {
      settings = changed;
      take(changed, nowNanos);
    }
  }

  /** Nobody asks any more. */
  void close() {
    gauge.set(0);
  }

  static boolean limits(Limits settings) {
    return settings.adaptive() || settings.inFlight() > 0;
  }

  private void take(Limits now, long nowNanos) {
    written = now.inFlight();
    if (now.adaptive()) {
      adaptive = new AdaptiveLimit(written == 0 ? AdaptiveLimit.MOST : written, nowNanos);
      show(Math.min(adaptive.limit(), written == 0 ? AdaptiveLimit.MOST : written));
    } else {
      adaptive = null;
      show(written);
    }
  }

  private void show(int next) {
    if (next != limit) {
      limit = next;
      gauge.set(next);
    }
  }
}
