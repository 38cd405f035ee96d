package io.refmesh.proxy.route;

import io.refmesh.model.discovery.ServicePort;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;

/** What became of the copies that one rule makes. Safe on any thread. */
public final class MirrorMeters {

  private final Counter answered;
  private final Counter failed;
  private final Counter cut;
  private final Counter dropped;

  /**
   * @param to where the copies go
   * @param route whose requests are copied
   */
  public MirrorMeters(ProxyMetrics metrics, ServicePort to, String route) {
    answered = counter(metrics, to, route, "answered");
    failed = counter(metrics, to, route, "failed");
    cut = counter(metrics, to, route, "cut");
    dropped = counter(metrics, to, route, "dropped");
  }

  void answered() {
    answered.increment();
  }

  void failed() {
    failed.increment();
  }

  /** The body came faster than the copy's reader took it. */
  void cut() {
    cut.increment();
  }

  /** Too many copies were under way. */
  void dropped() {
    dropped.increment();
  }

  private static Counter counter(
      ProxyMetrics metrics, ServicePort to, String route, String result) {
    return metrics.counter(
        ProxyMetric.MIRROR_TOTAL,
        to.namespace(),
        to.service(),
        Integer.toString(to.port()),
        route,
        result);
  }
}
