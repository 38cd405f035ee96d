package io.refmesh.proxy.telemetry;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.jspecify.annotations.Nullable;

/**
 * Counts durations in the buckets of {@link ProxyMetric#LATENCY_BUCKETS_MS}. Safe on any thread.
 */
public final class Histogram extends Series {

  private static final double NANOS_PER_MILLI = 1e6;

  private final ProxyMetrics metrics;
  private volatile @Nullable DistributionSummary summary;
  private volatile @Nullable Histogram overflow;

  Histogram(ProxyMetrics metrics, Key key) {
    super(key);
    this.metrics = metrics;
  }

  // The same summary is meant, not an equal one.
  @SuppressWarnings("ReferenceEquality")
  public void recordNanos(long nanos) {
    double millis = nanos / NANOS_PER_MILLI;
    while (true) {
      Histogram instead = overflow;
      if (instead != null) {
        instead.recordNanos(nanos);
        return;
      }
      DistributionSummary current = summary;
      if (current == null) {
        metrics.revive(this);
        continue;
      }
      current.record(millis);
      // If the summary was taken off the page meanwhile, its count is lost: record in the next one.
      if (summary == current) {
        return;
      }
    }
  }

  @Override
  Meter register(PrometheusMeterRegistry registry) {
    DistributionSummary meter =
        DistributionSummary.builder(key.metric().metricName())
            .description(key.metric().sentence())
            .serviceLevelObjectives(ProxyMetric.LATENCY_BUCKETS_MS)
            .tags(ProxyMetrics.tags(key))
            .register(registry);
    summary = meter;
    return meter;
  }

  @Override
  double activity() {
    DistributionSummary current = summary;
    return current == null ? 0 : current.count();
  }

  @Override
  boolean mayLeave() {
    return true;
  }

  @Override
  boolean detach() {
    summary = null;
    return true;
  }

  @Override
  void flowInto(Series target) {
    overflow = (Histogram) target;
  }

  @Override
  boolean maybeFlowBack() {
    overflow = null;
    return true;
  }
}
