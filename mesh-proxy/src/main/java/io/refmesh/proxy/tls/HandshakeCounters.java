package io.refmesh.proxy.tls;

import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/** Counts the handshakes of one direction. Safe on any thread. */
final class HandshakeCounters {

  private final ProxyMetrics metrics;
  private final String direction;
  private final Counter success;
  private final Counter failure;
  private final Map<TlsFailure, Counter> reasons = new EnumMap<>(TlsFailure.class);
  private final Map<String, Counter> groups = new ConcurrentHashMap<>();

  HandshakeCounters(ProxyMetrics metrics, String direction) {
    this.metrics = metrics;
    this.direction = direction;
    success = metrics.counter(ProxyMetric.TLS_HANDSHAKES_TOTAL, direction, "success");
    failure = metrics.counter(ProxyMetric.TLS_HANDSHAKES_TOTAL, direction, "failure");
    for (TlsFailure reason : TlsFailure.values()) {
      reasons.put(
          reason,
          metrics.counter(ProxyMetric.TLS_HANDSHAKE_FAILURES_TOTAL, direction, reason.text()));
    }
  }

  void succeeded(String group) {
    success.increment();
    groups
        .computeIfAbsent(
            group, name -> metrics.counter(ProxyMetric.TLS_GROUPS_TOTAL, direction, name))
        .increment();
  }

  void failed(TlsFailure reason) {
    failure.increment();
    Objects.requireNonNull(reasons.get(reason), "every reason has its counter").increment();
  }
}
