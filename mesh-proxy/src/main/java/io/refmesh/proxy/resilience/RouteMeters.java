package io.refmesh.proxy.resilience;

import io.refmesh.model.discovery.ServicePort;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.concurrent.ConcurrentHashMap;

/** What happened to the requests of one route besides being answered. Safe on any thread. */
public final class RouteMeters {

  private record Key(ProxyMetric metric, String value) {}

  private final ProxyMetrics metrics;
  private final String namespace;
  private final String service;
  private final String port;
  private final String route;
  private final ConcurrentHashMap<Key, Counter> counters = new ConcurrentHashMap<>();

  public RouteMeters(ProxyMetrics metrics, ServicePort destination, String route) {
    this(
        metrics,
        destination.namespace(),
        destination.service(),
        Integer.toString(destination.port()),
        route);
  }

  private RouteMeters(
      ProxyMetrics metrics, String namespace, String service, String port, String route) {
    this.metrics = metrics;
    this.namespace = namespace;
    this.service = service;
    this.port = port;
    this.route = route;
  }

  /** For requests to a port of places that are no service of the mesh. */
  public static RouteMeters outside(ProxyMetrics metrics, int port) {
    return new RouteMeters(metrics, "", "", Integer.toString(port), "");
  }

  /**
   * @param reason the condition that the failure met
   */
  void retried(String reason) {
    count(ProxyMetric.RETRY_TOTAL, reason);
  }

  /**
   * @param reason why a failure that met a condition was returned all the same
   */
  void skipped(String reason) {
    count(ProxyMetric.RETRY_SKIPPED_TOTAL, reason);
  }

  /**
   * @param kind request, try, idle or connect
   */
  void timedOut(String kind) {
    count(ProxyMetric.TIMEOUT_TOTAL, kind);
  }

  private void count(ProxyMetric metric, String value) {
    counters
        .computeIfAbsent(
            new Key(metric, value),
            key -> metrics.counter(metric, namespace, service, port, route, value))
        .increment();
  }
}
