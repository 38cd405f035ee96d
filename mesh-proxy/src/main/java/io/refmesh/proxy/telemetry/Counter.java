package io.refmesh.proxy.telemetry;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.atomic.LongAdder;

/** Counts events. Safe on any thread. */
public final class Counter extends Series {

  private final ProxyMetrics metrics;
  private final LongAdder count = new LongAdder();

  /** Where events go: the own count, or that of the overflow series. */
  private volatile LongAdder events = count;

  private volatile boolean attached;

  Counter(ProxyMetrics metrics, Key key) {
    super(key);
    this.metrics = metrics;
  }

  public void increment() {
    add(1);
  }

  /**
   * @param more at least 0
   */
  public void add(long more) {
    events.add(more);
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

  @Override
  void flowInto(Series overflow) {
    Counter instead = (Counter) overflow;
    events = instead.count;
    // What was counted before the line above belongs there, too.
    long before = count.sum();
    count.add(-before);
    instead.add(before);
    attached = true;
  }

  @Override
  boolean maybeFlowBack() {
    events = count;
    attached = false;
    return true;
  }
}
