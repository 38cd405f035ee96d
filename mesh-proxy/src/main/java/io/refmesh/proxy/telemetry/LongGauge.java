package io.refmesh.proxy.telemetry;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.atomic.AtomicLong;

/** A number that goes both ways. Safe on any thread. Leaves {@code /metrics} only while it is 0. */
public final class LongGauge extends Series {

  private final ProxyMetrics metrics;
  private final AtomicLong value = new AtomicLong();
  private volatile boolean attached;

  LongGauge(ProxyMetrics metrics, Key key) {
    super(key);
    this.metrics = metrics;
  }

  public void set(long newValue) {
    value.set(newValue);
    if (!attached) {
      metrics.revive(this);
    }
  }

  public void add(long change) {
    value.addAndGet(change);
    if (!attached) {
      metrics.revive(this);
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

  /** For a series over the limit: changes are dropped without asking again. */
  void ignore() {
    attached = true;
  }
}
