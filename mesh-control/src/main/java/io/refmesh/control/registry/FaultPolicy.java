package io.refmesh.control.registry;

import io.refmesh.model.policy.Faults.Fault;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is broken on purpose, how much of it and for how long.
 *
 * @param selector labels of the workloads in whose sidecar it is injected; empty when the policy
 *     attaches by {@code targetRefs} or to its whole namespace
 * @param expiresAfter as {@link Expiring} counts it; after it the object has no effect
 * @param maxActive at most so many requests of one sidecar are under it at once
 */
public record FaultPolicy(
    Metadata metadata,
    Origin origin,
    List<TargetRef> targetRefs,
    Map<String, String> selector,
    Side side,
    Duration expiresAfter,
    int maxActive,
    List<Fault> faults)
    implements Resource, Attached, Expiring {

  public FaultPolicy {
    targetRefs = List.copyOf(targetRefs);
    selector = Map.copyOf(selector);
    faults = List.copyOf(faults);
  }

  /** In whose sidecar. */
  public enum Side {
    CLIENT,
    SERVER
  }

  @Override
  public String kind() {
    return "FaultPolicy";
  }

  @Override
  public int port() {
    return 0;
  }

  @Override
  public String content() {
    return List.of(
            object(), targetRefs, new TreeMap<>(selector), side, expiresAfter, maxActive, faults)
        .toString();
  }
}
