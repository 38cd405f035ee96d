package io.refmesh.proxy.balance;

import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.BackendSettings.Algorithm;
import io.refmesh.proxy.endpoint.BackendEndpoints;
import io.refmesh.proxy.endpoint.Endpoint;
import io.refmesh.proxy.endpoint.EndpointSet;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Decides which endpoints of a backend come into question and has the picker choose among them.
 * Safe on any thread.
 *
 * <p>In this order: a probe that is due goes first, with a first try only; then endpoints that
 * admit, but the one that the last try failed on only if there is no other; the own zone as long as
 * it carries the load, judged by how many of its endpoints are there and by what is pending at
 * them.
 */
public final class Selector {

  /**
   * An endpoint of the own zone with fewer tries pending is not overloaded, however slow it is:
   * leaving the zone costs more than it gains.
   */
  private static final int PENDING_BEFORE_SPILL = 4;

  /** The own zone is left when its endpoint is this many times as loaded as the other. */
  private static final double LOAD_BEFORE_SPILL = 2;

  /**
   * What each endpoint of the own zone can carry beyond its share, while others of the zone are
   * away: Envoy's overprovisioning factor.
   */
  private static final double OVERPROVISIONED = 1.4;

  private final BackendEndpoints endpoints;
  private final RandomGenerator random;
  private final EndpointPicker picker;
  private final boolean zoned;

  public Selector(
      BackendEndpoints endpoints, BackendSettings.Balancer settings, RandomGenerator random) {
    this.endpoints = endpoints;
    this.random = random;
    picker = EndpointPicker.of(settings, random);
    // The key decides where a request goes, wherever that is.
    zoned = settings.algorithm() != Algorithm.RING_HASH;
  }

  /**
   * @param key what requests that belong together have in common
   * @param avoid the endpoint that the last try failed on; null for a first try, which may be a
   *     probe
   * @param route for the counters; empty for an opaque connection
   */
  public Selection select(long key, @Nullable EndpointSpec avoid, String route, long nowNanos) {
    EndpointSet set = endpoints.current();
    List<Endpoint> ready = set.ready();
    if (ready.isEmpty()) {
      return set.all().isEmpty() ? new Selection.NoEndpoints() : new Selection.NoneReady();
    }
    if (avoid == null && endpoints.ejected() == 0) {
      return begin(
          pickByZone(set.local(), set.remote(), localShare(set), set.equal(), key, nowNanos),
          route,
          nowNanos);
    }
    if (avoid == null) {
      Endpoint probed = probe(ready, nowNanos);
      if (probed != null) {
        return new Selection.Chosen(probed.begin(true, route, nowNanos));
      }
    }
    List<Endpoint> local = admitting(set.local(), avoid);
    List<Endpoint> remote = admitting(set.remote(), avoid);
    if (local.isEmpty() && remote.isEmpty() && avoid != null) {
      local = admitting(set.local(), null);
      remote = admitting(set.remote(), null);
    }
    if (!local.isEmpty() || !remote.isEmpty()) {
      return begin(
          pickByZone(local, remote, localShare(set), set.equal(), key, nowNanos), route, nowNanos);
    }
    Endpoint probed = probe(ready, nowNanos);
    return probed != null
        ? new Selection.Chosen(probed.begin(true, route, nowNanos))
        : new Selection.AllEjected(ready.size());
  }

  /** How much of the load the own zone can carry with those of its endpoints that admit. */
  private double localShare(EndpointSet set) {
    if (set.local().isEmpty()) {
      return 0;
    }
    int admitting = 0;
    for (Endpoint endpoint : set.local()) {
      if (endpoint.health().admits()) {
        admitting++;
      }
    }
    return OVERPROVISIONED * admitting / set.localKnown();
  }

  private Endpoint pickByZone(
      List<Endpoint> local,
      List<Endpoint> remote,
      double localShare,
      boolean equal,
      long key,
      long nowNanos) {
    if (local.isEmpty()) {
      return picker.pick(remote, equal, key, nowNanos);
    }
    if (!zoned) {
      List<Endpoint> both = new ArrayList<>(local);
      both.addAll(remote);
      return picker.pick(both, equal, key, nowNanos);
    }
    if (localShare < 1 && !remote.isEmpty() && random.nextDouble() >= localShare) {
      return picker.pick(remote, equal, key, nowNanos);
    }
    Endpoint near = picker.pick(local, equal, key, nowNanos);
    if (remote.isEmpty() || near.load().pending() < PENDING_BEFORE_SPILL) {
      return near;
    }
    Endpoint far = picker.pick(remote, equal, key, nowNanos);
    boolean spill =
        near.load().load(nowNanos) > LOAD_BEFORE_SPILL * far.load().load(nowNanos)
            && far.load().pending() < near.load().pending();
    return spill ? far : near;
  }

  private static @Nullable Endpoint probe(List<Endpoint> ready, long nowNanos) {
    for (Endpoint endpoint : ready) {
      if (endpoint.health().tryProbe(nowNanos)) {
        return endpoint;
      }
    }
    return null;
  }

  private static List<Endpoint> admitting(List<Endpoint> all, @Nullable EndpointSpec avoid) {
    List<Endpoint> admitting = new ArrayList<>(all.size());
    for (Endpoint endpoint : all) {
      if (endpoint.health().admits() && !same(endpoint, avoid)) {
        admitting.add(endpoint);
      }
    }
    return admitting;
  }

  private static boolean same(Endpoint endpoint, @Nullable EndpointSpec other) {
    return other != null && endpoint.spec().address().equals(other.address());
  }

  private static Selection begin(Endpoint endpoint, String route, long nowNanos) {
    return new Selection.Chosen(endpoint.begin(false, route, nowNanos));
  }
}
