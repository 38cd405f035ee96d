package io.refmesh.proxy.resilience;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.policy.Faults;
import io.refmesh.proxy.telemetry.LongGauge;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many requests of this proxy are under the faults of each policy, and when each policy ends.
 * Both outlive configurations: the same policy that comes again goes on where it was. Safe on any
 * thread.
 */
public final class FaultSlots {

  private record Key(String policy, int maxActive, Instant ends) {}

  private final Ticker ticker;
  private final InstantSource clock;
  private final ProxyMetrics metrics;

  // Guarded by this.
  private final Map<Key, Slots> policies = new HashMap<>();

  public FaultSlots(Ticker ticker, InstantSource clock, ProxyMetrics metrics) {
    this.ticker = ticker;
    this.clock = clock;
    this.metrics = metrics;
  }

  /** Those of one policy, wherever it is injected. */
  synchronized Slots of(Faults faults) {
    policies.values().removeIf(slots -> slots.ended() && slots.active.get() == 0);
    return policies.computeIfAbsent(
        new Key(faults.policy(), faults.maxActive(), faults.ends()), key -> new Slots(faults));
  }

  /** Those of one policy. */
  final class Slots {

    private final int maxActive;
    private final Instant ends;
    private final long endNanos;
    private final AtomicInteger active = new AtomicInteger();
    private final LongGauge gauge;

    Slots(Faults faults) {
      maxActive = faults.maxActive();
      ends = faults.ends();
      Duration left = Duration.between(clock.instant(), ends);
      endNanos =
          ticker.nanoTime()
              + (left.compareTo(faults.longest()) < 0 ? left : faults.longest()).toNanos();
      gauge = metrics.gauge(ProxyMetric.FAULTS_ACTIVE, faults.policy());
    }

    /**
     * Whether its time is over. Two clocks are asked: one that was set back, or that was wrong when
     * the policy came, does not prolong a fault.
     */
    boolean ended() {
      return leftNanos() <= 0 || !clock.instant().isBefore(ends);
    }

    /** How long it has to go on; may be negative. */
    long leftNanos() {
      return endNanos - ticker.nanoTime();
    }

    /** Takes a slot; whoever gets it owes one {@link #free}. */
    boolean tryTake() {
      int now = active.get();
      while (now < maxActive) {
        if (active.compareAndSet(now, now + 1)) {
          gauge.add(1);
          return true;
        }
        now = active.get();
      }
      return false;
    }

    void free() {
      active.decrementAndGet();
      gauge.add(-1);
    }
  }
}
