package io.refmesh.proxy.policy;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.RateLimit;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.HashMap;
import java.util.Map;

/**
 * The rate limits of a workload's ports. What callers have used up stays used up when a new
 * configuration says the same about a port. Safe on any thread.
 */
public final class RateLimits {

  private record Key(int port, RateLimit limit) {}

  private final Ticker ticker;
  private final ProxyMetrics metrics;

  // Guarded by this.
  private final Map<Key, RateLimiter> limiters = new HashMap<>();

  public RateLimits(Ticker ticker, ProxyMetrics metrics) {
    this.ticker = ticker;
    this.metrics = metrics;
  }

  /** What a port's requests go through. */
  public synchronized Layer layer(int port, RateLimit limit) {
    RateLimiter limiter =
        limiters.computeIfAbsent(
            new Key(port, limit), key -> new RateLimiter(port, limit, ticker, metrics));
    return new RateLimitLayer(limiter);
  }

  /** Forgets what this policy does not say any more. */
  public synchronized void keepOnly(InboundPolicy policy) {
    limiters
        .keySet()
        .removeIf(key ->
            policy.ports().stream()
                .noneMatch(port ->
                    port.port() == key.port
                        && port.rateLimit().filter(key.limit::equals).isPresent()));
  }
}
