package io.refmesh.proxy.policy;

import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.concurrent.ConcurrentHashMap;

/** Counts decisions; for HTTP per request, for TCP per connection. Safe on any thread. */
public final class AuthorizationMeters {

  private record Key(String decision, String policy) {}

  private final ProxyMetrics metrics;
  private final ConcurrentHashMap<Key, Counter> counters = new ConcurrentHashMap<>();

  public AuthorizationMeters(ProxyMetrics metrics) {
    this.metrics = metrics;
  }

  public void count(Decision decision) {
    Key key = new Key(decision.text(), decision.policy());
    counters
        .computeIfAbsent(
            key,
            k -> metrics.counter(ProxyMetric.AUTHORIZATION_TOTAL, "inbound", k.decision, k.policy))
        .increment();
  }
}
