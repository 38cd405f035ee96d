package io.refmesh.model.discovery;

import io.refmesh.model.identity.SpiffeId;
import java.util.Optional;

/**
 * One endpoint of a backend as discovery names it.
 *
 * @param address where the workload is reached; what the endpoint is called in metrics and logs
 * @param dial where to connect: the same, unless a Detour leads through a Toxiproxy
 * @param identity what the peer must prove; empty for an endpoint without sidecar
 * @param weight relative share, 1 for all unless told otherwise
 * @param workload {@code namespace/name} of the workload
 */
public record EndpointSpec(
    HostPort address,
    HostPort dial,
    Optional<SpiffeId> identity,
    String zone,
    int weight,
    boolean ready,
    String workload,
    int replica) {

  public EndpointSpec {
    if (weight < 0) {
      throw new IllegalArgumentException("weight: " + weight + " (expected: >= 0)");
    }
  }
}
