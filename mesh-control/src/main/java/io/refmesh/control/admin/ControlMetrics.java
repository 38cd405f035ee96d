package io.refmesh.control.admin;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refmesh.control.kubernetes.Health;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/** The control plane's metrics. Thread-safe. */
public final class ControlMetrics {

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final AtomicInteger proxies = gauge(ControlMetric.PROXIES);
  private final AtomicInteger resources = gauge(ControlMetric.RESOURCES);
  private final AtomicInteger problems = gauge(ControlMetric.PROBLEMS);
  private final Counter builds = counter(ControlMetric.BUILDS);
  private final Counter sent = counter(ControlMetric.SENT);
  private final Counter acknowledged = counter(ControlMetric.ACKNOWLEDGED);
  private final Counter refused = counter(ControlMetric.REFUSED);
  private final Counter failures = counter(ControlMetric.FAILURES);
  private final AtomicLong caNotAfterSeconds = new AtomicLong();
  private final Timer buildTime =
      Timer.builder(ControlMetric.BUILD_TIME.metric())
          .description(ControlMetric.BUILD_TIME.sentence())
          .serviceLevelObjectives(
              Duration.ofMillis(1),
              Duration.ofMillis(10),
              Duration.ofMillis(100),
              Duration.ofSeconds(1))
          .register(registry);

  public ControlMetrics() {
    Gauge.builder(ControlMetric.CA_NOT_AFTER.metric(), caNotAfterSeconds, AtomicLong::doubleValue)
        .description(ControlMetric.CA_NOT_AFTER.sentence())
        .register(registry);
  }

  public void proxies(int connected) {
    proxies.set(connected);
  }

  public void built(int resourceCount, int problemCount, Duration took) {
    builds.increment();
    resources.set(resourceCount);
    problems.set(problemCount);
    buildTime.record(took);
  }

  public void sent() {
    sent.increment();
  }

  public void acknowledged() {
    acknowledged.increment();
  }

  public void refused() {
    refused.increment();
  }

  public void failed() {
    failures.increment();
  }

  /**
   * @param result {@code issued} or one of the fixed reasons of a refusal
   */
  public void certificate(String result) {
    Counter.builder(ControlMetric.CERTIFICATES.metric())
        .description(ControlMetric.CERTIFICATES.sentence())
        .tag("result", result)
        .register(registry)
        .increment();
  }

  /**
   * @param result {@code updated} or {@code refused}
   */
  public void issuerChange(String result) {
    Counter.builder(ControlMetric.ISSUER_CHANGES.metric())
        .description(ControlMetric.ISSUER_CHANGES.sentence())
        .tag("result", result)
        .register(registry)
        .increment();
  }

  /**
   * @param reason of a fixed set; may be empty
   */
  public void admission(String decision, String reason) {
    Counter.builder(ControlMetric.ADMISSIONS.metric())
        .description(ControlMetric.ADMISSIONS.sentence())
        .tag("decision", decision)
        .tag("reason", reason)
        .register(registry)
        .increment();
  }

  /** Shows from now on whether this replica leads. */
  public void leader(BooleanSupplier leading) {
    Gauge.builder(
            ControlMetric.LEADER.metric(), leading, supplier -> supplier.getAsBoolean() ? 1 : 0)
        .description(ControlMetric.LEADER.sentence())
        .strongReference(true)
        .register(registry);
  }

  public void caNotAfter(Instant end) {
    caNotAfterSeconds.set(end.getEpochSecond());
  }

  /**
   * @param result written, conflict or failed
   */
  public void statusWrite(String result) {
    Counter.builder(ControlMetric.STATUS_WRITES.metric())
        .description(ControlMetric.STATUS_WRITES.sentence())
        .tag("result", result)
        .register(registry)
        .increment();
  }

  /** A kind of object is followed from now on; its figures are read at each scrape. */
  public void follows(Health kind) {
    Gauge.builder(
            ControlMetric.REGISTRY_SILENCE.metric(),
            kind,
            health -> health.silence().toMillis() / 1000.0)
        .description(ControlMetric.REGISTRY_SILENCE.sentence())
        .tag("resource", kind.resource())
        .strongReference(true)
        .register(registry);
    FunctionCounter.builder(ControlMetric.REGISTRY_RECONNECTS.metric(), kind, Health::reconnects)
        .description(ControlMetric.REGISTRY_RECONNECTS.sentence())
        .tag("resource", kind.resource())
        .register(registry);
    FunctionCounter.builder(ControlMetric.REGISTRY_LISTS.metric(), kind, Health::lists)
        .description(ControlMetric.REGISTRY_LISTS.sentence())
        .tag("resource", kind.resource())
        .register(registry);
  }

  /** In Prometheus' text format. */
  public String scrape() {
    return registry.scrape();
  }

  private Counter counter(ControlMetric metric) {
    return Counter.builder(metric.metric()).description(metric.sentence()).register(registry);
  }

  private AtomicInteger gauge(ControlMetric metric) {
    AtomicInteger value = new AtomicInteger();
    Gauge.builder(metric.metric(), value, AtomicInteger::doubleValue)
        .description(metric.sentence())
        .register(registry);
    return value;
  }
}
