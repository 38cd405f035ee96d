package io.refmesh.proxy.resilience;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.BackendSettings.Limits;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The limits of a proxy, one per service that has any; kept as long as a stack leases it, so that a
 * new version finds what was learned and what is under way. Safe on any thread.
 */
public final class ConcurrencyLimits {

  private static final class Lease {
    final ConcurrencyLimit limit;
    int holders;

    Lease(ConcurrencyLimit limit) {
      this.limit = limit;
    }
  }

  private final Ticker ticker;
  private final ProxyMetrics metrics;

  // Guarded by this.
  private final Map<ServicePort, Lease> leases = new HashMap<>();

  public ConcurrencyLimits(Ticker ticker, ProxyMetrics metrics) {
    this.ticker = ticker;
    this.metrics = metrics;
  }

  /**
   * The limit of a service, brought up to these settings; empty when they set none. The caller owes
   * a {@link #release} for each that is there.
   */
  public synchronized Optional<ConcurrencyLimit> lease(ServicePort service, Limits settings) {
    if (!ConcurrencyLimit.limits(settings)) {
      return Optional.empty();
    }
    long now = ticker.nanoTime();
    Lease lease =
        leases.computeIfAbsent(
            service,
            id ->
                new Lease(
                    new ConcurrencyLimit(
                        settings,
                        metrics.gauge(
                            ProxyMetric.CONCURRENCY_LIMIT,
                            id.namespace(),
                            id.service(),
                            Integer.toString(id.port())),
                        now)));
    lease.holders++;
    lease.limit.settings(settings, now);
    return Optional.of(lease.limit);
  }

  public synchronized void release(ServicePort service) {
    Lease lease = leases.get(service);
    if (lease == null) {
      throw new IllegalStateException("released more often than leased: " + service);
    }
    lease.holders--;
    if (lease.holders == 0) {
      leases.remove(service);
      lease.limit.close();
    }
  }

  /** In the order of services. */
  public synchronized Map<ServicePort, ConcurrencyLimit.Snapshot> snapshot() {
    Map<ServicePort, ConcurrencyLimit.Snapshot> all = new TreeMap<>();
    leases.forEach((service, lease) -> all.put(service, lease.limit.snapshot()));
    return all;
  }
}
