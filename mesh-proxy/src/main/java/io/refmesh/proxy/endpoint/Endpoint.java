package io.refmesh.proxy.endpoint;

import io.netty.channel.EventLoop;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.proxy.http.client.Upstream;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One endpoint of a backend as one version of discovery describes it, with what was learned about
 * it: health, load and connections are handed from version to version. Safe on any thread.
 */
public final class Endpoint {

  private static final double RAMP_START = 0.1;

  private final ServicePort backend;
  private final EndpointSpec spec;
  private final EndpointHealth health;
  private final LoadEstimate load;
  private final EndpointConnections connections;
  private final long readySinceNanos;
  private final ProxyMetrics metrics;
  private final ConcurrentHashMap<String, TryMeters> metersByRoute = new ConcurrentHashMap<>(4);

  Endpoint(
      ServicePort backend,
      EndpointSpec spec,
      EndpointHealth health,
      LoadEstimate load,
      EndpointConnections connections,
      long readySinceNanos,
      ProxyMetrics metrics) {
    this.backend = backend;
    this.spec = spec;
    this.health = health;
    this.load = load;
    this.connections = connections;
    this.readySinceNanos = readySinceNanos;
    this.metrics = metrics;
  }

  public EndpointSpec spec() {
    return spec;
  }

  public EndpointHealth health() {
    return health;
  }

  public LoadEstimate load() {
    return load;
  }

  /** The HTTP connections of a loop to this endpoint; on that loop. */
  public Upstream upstream(EventLoop loop) {
    return connections.on(loop);
  }

  /** When discovery first called it ready, on the proxy's ticker. */
  public long readySinceNanos() {
    return readySinceNanos;
  }

  /**
   * How much of its weight a new endpoint gets already: grows from a tenth to 1 over the slow
   * start.
   */
  public double ramp(long slowStartNanos, long nowNanos) {
    long age = nowNanos - readySinceNanos;
    if (age >= slowStartNanos) {
      return 1;
    }
    return Math.max(RAMP_START, (double) age / slowStartNanos);
  }

  /**
   * Begins one try.
   *
   * @param probe whether {@link EndpointHealth#tryProbe} let it through
   * @param route for the counters; empty for an opaque connection, which is not counted as a try
   */
  public Attempt begin(boolean probe, String route, long nowNanos) {
    load.begin();
    TryMeters meters = null;
    if (!route.isEmpty()) {
      meters = metersByRoute.computeIfAbsent(route, r -> new TryMeters(metrics, backend, spec, r));
      meters.begin();
    }
    return new Attempt(this, probe, meters, nowNanos);
  }

  EndpointConnections connections() {
    return connections;
  }

  @Override
  public String toString() {
    return spec.address().toString();
  }
}
