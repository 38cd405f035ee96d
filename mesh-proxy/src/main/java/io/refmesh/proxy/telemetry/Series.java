package io.refmesh.proxy.telemetry;

import io.micrometer.core.instrument.Meter;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One metric with one set of label values. Callers hold it for as long as they like: when it has
 * been idle it leaves {@code /metrics} and comes back with the next event; when there is no room
 * for it, its events are counted in the overflow series of its metric.
 *
 * <p>Events are taken on any thread without locks; everything else happens under the lock of {@link
 * ProxyMetrics}.
 */
abstract sealed class Series permits Counter, LongGauge, Histogram {

  /** Identifies a series. */
  record Key(ProxyMetric metric, List<String> values) {}

  final Key key;
  private @Nullable Meter meter;
  private double seenValue = Double.NaN;
  private long seenNanos;

  Series(Key key) {
    this.key = key;
  }

  /**
   * Makes the Micrometer meter that shows this series; from now on events need no {@link
   * ProxyMetrics#revive}.
   */
  abstract Meter register(PrometheusMeterRegistry registry);

  /** A number that changes with every event, or nearly so. */
  abstract double activity();

  /**
   * Whether the series may leave although nobody touched it: not while it stands for something that
   * is open.
   */
  abstract boolean mayLeave();

  /**
   * Lets the next event call {@link ProxyMetrics#revive}. False if an event has just come: then the
   * series stays.
   */
  abstract boolean detach();

  /** There is no room for this series: its events go to {@code overflow}, of the same kind. */
  abstract void flowInto(Series overflow);

  /** There is room again: the next event calls {@link ProxyMetrics#revive}. False: not now. */
  abstract boolean maybeFlowBack();

  final void show(PrometheusMeterRegistry registry, long nowNanos) {
    meter = register(registry);
    seenValue = Double.NaN;
    seenNanos = nowNanos;
  }

  final boolean shown() {
    return meter != null;
  }

  /** Takes the series off the page if nothing happened for {@code idleNanos}. */
  final boolean leaveIfIdle(PrometheusMeterRegistry registry, long nowNanos, long idleNanos) {
    double value = activity();
    if (value != seenValue) {
      seenValue = value;
      seenNanos = nowNanos;
      return false;
    }
    if (meter == null || nowNanos - seenNanos < idleNanos || !mayLeave() || !detach()) {
      return false;
    }
    registry.remove(meter);
    meter = null;
    return true;
  }
}
