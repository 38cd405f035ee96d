package io.refmesh.control.registry;

import io.refmesh.model.discovery.HostPort;
import java.time.Duration;
import java.util.List;

/**
 * For the harness: discovery publishes another address to dial for endpoints, with their identity
 * unchanged.
 *
 * @param endpoints by replica; empty for all
 * @param expiresAfter as {@link Expiring} counts it; after it the object has no effect
 */
public record Detour(
    Metadata metadata,
    Origin origin,
    List<TargetRef> targetRefs,
    List<Integer> endpoints,
    HostPort via,
    Duration expiresAfter)
    implements Resource, Expiring {

  public Detour {
    targetRefs = List.copyOf(targetRefs);
    endpoints = List.copyOf(endpoints);
  }

  @Override
  public String kind() {
    return "Detour";
  }

  @Override
  public String content() {
    return List.of(object(), targetRefs, endpoints, via, expiresAfter).toString();
  }
}
