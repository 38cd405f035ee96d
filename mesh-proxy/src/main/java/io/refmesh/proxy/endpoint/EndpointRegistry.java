package io.refmesh.proxy.endpoint;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.proxy.http.client.Upstreams;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Everything learned about endpoints, by backend; outlives every snapshot. A backend is kept as
 * long as a stack leases it. Safe on any thread.
 */
public final class EndpointRegistry {

  /** One endpoint as {@code /config} shows it. */
  public record EndpointSnapshot(
      ServicePort backend,
      HostPort address,
      String identity,
      String zone,
      int weight,
      boolean ready,
      int pending,
      Duration latency,
      EndpointHealth.Snapshot health) {}

  private static final class Lease {
    final BackendEndpoints endpoints;
    int holders;

    Lease(BackendEndpoints endpoints) {
      this.endpoints = endpoints;
    }
  }

  private final Ticker ticker;
  private final RandomGenerator random;
  private final Upstreams upstreams;
  private final ProxyMetrics metrics;
  private final String zone;
  private final String own;

  // Guarded by this.
  private final TreeMap<ServicePort, Lease> byBackend = new TreeMap<>();
  private boolean closed;

  /**
   * @param random used from any thread
   * @param zone the own one; empty when it is not known
   * @param own the address of the own application, where a connection of the proxy to it reaches
   *     the application itself and not the proxy; empty where it never does
   */
  public EndpointRegistry(
      Ticker ticker,
      RandomGenerator random,
      Upstreams upstreams,
      ProxyMetrics metrics,
      String zone,
      String own) {
    this.ticker = ticker;
    this.random = random;
    this.upstreams = upstreams;
    this.metrics = metrics;
    this.zone = zone;
    this.own = own;
  }

  /**
   * The endpoints of a backend, brought up to this version. The caller owes a {@link #release}; it
   * leases the next version first, so that nothing is forgotten between.
   */
  public synchronized BackendEndpoints lease(Backend backend) {
    Lease lease =
        byBackend.computeIfAbsent(
            backend.id(),
            id ->
                new Lease(new BackendEndpoints(id, zone, own, upstreams, ticker, random, metrics)));
    lease.holders++;
    lease.endpoints.update(backend);
    return lease.endpoints;
  }

  public synchronized void release(BackendEndpoints endpoints) {
    if (closed) {
      return;
    }
    Lease lease = byBackend.get(endpoints.id());
    if (lease == null || lease.endpoints != endpoints) {
      throw new IllegalStateException("released more often than leased: " + endpoints.id());
    }
    lease.holders--;
    if (lease.holders == 0) {
      byBackend.remove(endpoints.id());
      endpoints.close();
    }
  }

  /** In the order of backends. */
  public synchronized List<EndpointSnapshot> snapshot() {
    long now = ticker.nanoTime();
    List<EndpointSnapshot> all = new ArrayList<>();
    for (Lease lease : byBackend.values()) {
      for (Endpoint endpoint : lease.endpoints.current().all()) {
        all.add(
            new EndpointSnapshot(
                lease.endpoints.id(),
                endpoint.spec().address(),
                endpoint.spec().identity().map(Object::toString).orElse(""),
                endpoint.spec().zone(),
                endpoint.spec().weight(),
                endpoint.spec().ready(),
                endpoint.load().pending(),
                Duration.ofNanos((long) endpoint.load().latencyNanos(now)),
                endpoint.health().snapshot()));
      }
    }
    return all;
  }

  /** Closes every connection that is idle and the others when their exchange ends. */
  public synchronized void close() {
    closed = true;
    byBackend.values().forEach(lease -> lease.endpoints.close());
    byBackend.clear();
  }
}
