package io.refmesh.proxy.policy;

import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.concurrent.ConcurrentHashMap;

/** Counts decisions; for HTTP per request, for TCP per connection. Safe on any thread. */
public final class AuthorizationMeters {

  private record Key(String decision, String policy) {}

  private final String direction;
  private final ProxyMetrics metrics;
  private final ConcurrentHashMap<Key, Counter> counters = new ConcurrentHashMap<>();

  /** Of what calls the application. */
  public AuthorizationMeters(ProxyMetrics metrics) {
    this("inbound", metrics);
  }

  private AuthorizationMeters(String direction, ProxyMetrics metrics) {
    this.direction = direction;
    this.metrics = metrics;
  }

  /** Of what the application calls outside the mesh. */
  public static AuthorizationMeters outbound(ProxyMetrics metrics) {
    return new AuthorizationMeters("outbound", metrics);
  }

  public void count(Decision decision) {
    Key key = new Key(decision.text(), decision.policy());
    counters
        .computeIfAbsent(
            key,
            k -> metrics.counter(ProxyMetric.AUTHORIZATION_TOTAL, direction, k.decision, k.policy))
        .increment();
  }
}
