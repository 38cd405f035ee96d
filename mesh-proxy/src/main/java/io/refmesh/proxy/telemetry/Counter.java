package io.refmesh.proxy.telemetry;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.atomic.LongAdder;

/** Counts events. Safe on any thread. */
public final class Counter extends Series {

  private final ProxyMetrics metrics;
  private final LongAdder count = new LongAdder();
  private volatile boolean attached;

  Counter(ProxyMetrics metrics, Key key) {
    super(key);
    this.metrics = metrics;
  }

  public void increment() {
    add(1);
  }

  /**
   * @param events at least 0
   */
  public void add(long events) {
    count.add(events);
    if (!attached) {
      metrics.revive(this);
    }
  }

  /** The count so far. */
  public long value() {
    return count.sum();
  }

  @Override
  Meter register(PrometheusMeterRegistry registry) {
    FunctionCounter meter =
        FunctionCounter.builder(key.metric().metricName(), count, LongAdder::doubleValue)
            .description(key.metric().sentence())
            .tags(ProxyMetrics.tags(key))
            .register(registry);
    attached = true;
    return meter;
  }

  @Override
  double activity() {
    return count.doubleValue();
  }

  @Override
  boolean mayLeave() {
    return true;
  }

  @Override
  boolean detach() {
    double before = activity();
    attached = false;
    // An event that did not see the line above has changed the count by now; one that did will call
    // revive.
    if (activity() != before) {
      attached = true;
      return false;
    }
    return true;
  }

  /** For a series over the limit: events are dropped without asking again. */
  void ignore() {
    attached = true;
  }
}
