package io.refmesh.model.discovery;

import io.refmesh.model.policy.InboundPolicy;
import java.util.List;

/**
 * What one sidecar is told about its own workload: who may call it, and where it listens for
 * outbound calls.
 */
public record WorkloadConfig(InboundPolicy inbound, List<OutboundListener> outbound) {

  public WorkloadConfig {
    outbound = List.copyOf(outbound);
  }
}
