package io.refmesh.model.discovery;

import io.refmesh.model.policy.Egress;
import io.refmesh.model.policy.InboundPolicy;
import java.util.List;
import java.util.Optional;

/**
 * What one sidecar is told about its own workload: who may call it, and where it listens for
 * outbound calls.
 *
 * @param egress what it may call outside the mesh; everything when no policy says
 */
public record WorkloadConfig(
    InboundPolicy inbound, List<OutboundListener> outbound, Optional<Egress> egress) {

  public WorkloadConfig {
    outbound = List.copyOf(outbound);
  }

  /** Of a workload that may call everything outside the mesh. */
  public WorkloadConfig(InboundPolicy inbound, List<OutboundListener> outbound) {
    this(inbound, outbound, Optional.empty());
  }
}
