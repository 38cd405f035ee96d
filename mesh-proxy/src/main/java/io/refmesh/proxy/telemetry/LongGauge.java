package io.refmesh.proxy.telemetry;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A number that goes both ways. Safe on any thread. Leaves {@code /metrics} only while it is 0. */
public final class LongGauge extends Series {

  private final ProxyMetrics metrics;
  private final AtomicLong value = new AtomicLong();
  private volatile boolean attached;
  private volatile @Nullable LongGauge overflow;

  LongGauge(ProxyMetrics metrics, Key key) {
    super(key);
    this.metrics = metrics;
  }

  public void set(long newValue) {
    changed(newValue - value.getAndSet(newValue));
  }

  public void add(long change) {
    value.addAndGet(change);
    changed(change);
  }

  private void changed(long change) {
    if (!attached) {
      metrics.revive(this);
      return;
    }
    LongGauge instead = overflow;
    if (instead != null) {
      instead.add(change);
    }
  }

  public long value() {
    return value.get();
  }

  @Override
  Meter register(PrometheusMeterRegistry registry) {
    Gauge meter =
        Gauge.builder(key.metric().metricName(), value, AtomicLong::doubleValue)
            .description(key.metric().sentence())
            .tags(ProxyMetrics.tags(key))
            .register(registry);
    attached = true;
    return meter;
  }

  @Override
  double activity() {
    return value.doubleValue();
  }

  @Override
  boolean mayLeave() {
    return value.get() == 0 && !key.values().isEmpty();
  }

  @Override
  boolean detach() {
    attached = false;
    if (value.get() != 0) {
      attached = true;
      return false;
    }
    return true;
  }

  @Override
  void flowInto(Series target) {
    LongGauge instead = (LongGauge) target;
    overflow = instead;
    attached = true;
    instead.add(value.get());
  }

  /** Not while it stands for something that the overflow series will be told the end of. */
  @Override
  boolean maybeFlowBack() {
    if (value.get() != 0) {
      return false;
    }
    attached = false;
    overflow = null;
    return true;
  }
}
