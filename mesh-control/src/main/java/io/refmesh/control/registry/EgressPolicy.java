package io.refmesh.control.registry;

import io.refmesh.model.policy.Authorization.Network;
import java.util.List;
import java.util.Optional;

/**
 * What workloads of a namespace, or of the mesh, may call outside the mesh; only what was written
 * is set, so that policies merge field by field.
 *
 * @param allowed whether what is not named may be called
 * @param entries what may be called in any case; empty when the policy does not say
 */
public record EgressPolicy(
    Metadata metadata, Origin origin, Optional<Boolean> allowed, Optional<List<Entry>> entries)
    implements Resource {

  public EgressPolicy {
    entries = entries.map(List::copyOf);
  }

  @Override
  public String kind() {
    return "EgressPolicy";
  }

  /** One place: every non-empty part must match. */
  public record Entry(List<String> hosts, List<Integer> ports, List<Network> networks) {
    public Entry {
      hosts = List.copyOf(hosts);
      ports = List.copyOf(ports);
      networks = List.copyOf(networks);
    }
  }
}
