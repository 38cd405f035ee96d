package io.refmesh.proxy.endpoint;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.http.client.Upstreams;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of one backend as they are now. Stacks of several versions and destinations share
 * it, so an exchange that began on an old stack still finds endpoints that exist.
 *
 * <p>Reading is safe on any thread and takes no lock; {@link #update} comes from the thread that
 * compiles snapshots.
 */
public final class BackendEndpoints {

  /** What makes an endpoint the same one in the next version. */
  private record Key(HostPort address, Optional<SpiffeId> identity) {

    static Key of(EndpointSpec spec) {
      return new Key(spec.address(), spec.identity());
    }
  }

  private final ServicePort id;
  private final String zone;
  private final String own;
  private final Upstreams upstreams;
  private final Ticker ticker;
  private final RandomGenerator random;
  private final ProxyMetrics metrics;
  private final EjectionLimit limit = new EjectionLimit();
  private final Set<Runnable> waiting = ConcurrentHashMap.newKeySet();
  private final AtomicInteger connections = new AtomicInteger();
  private volatile EndpointSet current = EndpointSet.NONE;
  private volatile boolean waitedInVain;

  // Guarded by this.
  private Map<Key, Endpoint> byKey = new HashMap<>();
  private @Nullable Backend described;

  BackendEndpoints(
      ServicePort id,
      String zone,
      String own,
      Upstreams upstreams,
      Ticker ticker,
      RandomGenerator random,
      ProxyMetrics metrics) {
    this.id = id;
    this.zone = zone;
    this.own = own;
    this.upstreams = upstreams;
    this.ticker = ticker;
    this.random = random;
    this.metrics = metrics;
  }

  public ServicePort id() {
    return id;
  }

  public EndpointSet current() {
    return current;
  }

  /** How many are ejected or being probed. */
  public int ejected() {
    return limit.ejected();
  }

  /**
   * Has {@code told} run after the next change, on the thread that makes it; it must hand over to
   * its loop.
   */
  public void await(Runnable told) {
    waiting.add(told);
  }

  public void forget(Runnable told) {
    waiting.remove(told);
  }

  /**
   * Whether a request has waited for an endpoint to get ready for as long as it may, and none has
   * become ready since: others need not wait.
   */
  public boolean waitedInVain() {
    return waitedInVain;
  }

  public void markWaitedInVain() {
    waitedInVain = true;
    // An update may have come between the time-out and the mark.
    if (!current.ready().isEmpty()) {
      waitedInVain = false;
    }
  }

  /**
   * Whether one more connection that is not HTTP may be made; it is counted then, and the caller
   * owes a {@link #disconnected}.
   */
  public boolean tryConnect(int most) {
    if (connections.incrementAndGet() > most) {
      connections.decrementAndGet();
      return false;
    }
    return true;
  }

  public void disconnected() {
    connections.decrementAndGet();
  }

  /** Takes over a new version: endpoints that stay keep what was learned. */
  synchronized void update(Backend backend) {
    if (backend.equals(described)) {
      return;
    }
    described = backend;
    limit.resize(
        (int) backend.endpoints().stream().filter(EndpointSpec::ready).count(),
        backend.settings().ejection().maxEjectedPercent());
    Map<Key, Endpoint> next = new HashMap<>();
    List<Endpoint> ordered = new ArrayList<>();
    for (EndpointSpec named : backend.endpoints()) {
      EndpointSpec spec = reached(named);
      Key key = Key.of(spec);
      if (!next.containsKey(key)) {
        Endpoint endpoint = endpoint(spec, backend, byKey.get(key));
        next.put(key, endpoint);
        ordered.add(endpoint);
      }
    }
    Map<Key, Endpoint> before = byKey;
    byKey = next;
    current = EndpointSet.of(ordered, backend.settings().balancer().preferZone(), zone);
    if (!current.ready().isEmpty()) {
      waitedInVain = false;
    }
    before.forEach((key, old) -> retire(old, next.get(key)));
    readmitTooMany();
    waiting.forEach(Runnable::run);
  }

  /** No destination names this backend any more. */
  synchronized void close() {
    described = null;
    current = EndpointSet.NONE;
    byKey.values().forEach(old -> retire(old, null));
    byKey = new HashMap<>();
    waiting.forEach(Runnable::run);
  }

  private Endpoint endpoint(EndpointSpec spec, Backend backend, @Nullable Endpoint before) {
    long now = ticker.nanoTime();
    if (before == null) {
      EndpointHealth health =
          new EndpointHealth(
              id + "/" + spec.address(),
              spec.address().toString(),
              backend.settings().ejection(),
              limit,
              ticker,
              random,
              metrics);
      return new Endpoint(
          id,
          spec,
          health,
          new LoadEstimate(now),
          new EndpointConnections(spec, backend.protocol(), backend.settings(), upstreams),
          now,
          metrics);
    }
    before.health().settings(backend.settings().ejection());
    boolean fit = before.connections().fit(spec, backend.protocol(), backend.settings());
    if (fit && before.spec().equals(spec)) {
      return before;
    }
    EndpointConnections connections =
        fit
            ? before.connections()
            : new EndpointConnections(spec, backend.protocol(), backend.settings(), upstreams);
    boolean becameReady = spec.ready() && !before.spec().ready();
    if (becameReady) {
      // As a rule another process is there now; what the one before did says nothing about it.
      before.health().readmit("discovery calls it ready again");
    }
    return new Endpoint(
        id,
        spec,
        before.health(),
        before.load(),
        connections,
        becameReady ? now : before.readySinceNanos(),
        metrics);
  }

  /**
   * The own application is called as it is: no sidecar is between, so nobody there speaks TLS, and
   * it could call itself without asking anyway.
   */
  private EndpointSpec reached(EndpointSpec spec) {
    return spec.dial().host().equals(own) && spec.dial().equals(spec.address())
        ? new EndpointSpec(
            spec.address(),
            spec.dial(),
            Optional.empty(),
            spec.zone(),
            spec.weight(),
            spec.ready(),
            spec.workload(),
            spec.replica())
        : spec;
  }

  private static void retire(Endpoint old, @Nullable Endpoint successor) {
    if (successor == null) {
      old.health().remove();
      old.connections().close();
    } else if (successor.connections() != old.connections()) {
      old.connections().close();
    }
  }

  /** Endpoints went away and now more are ejected than may be: the longest ejected return. */
  private void readmitTooMany() {
    if (!limit.exceeded()) {
      return;
    }
    current.all().stream()
        .map(Endpoint::health)
        .filter(health -> !health.admits())
        .sorted(Comparator.comparingLong(EndpointHealth::ejectedAtNanos))
        .forEach(health -> {
          if (limit.exceeded()) {
            health.readmit("too few others are left");
          }
        });
  }
}
