package io.refmesh.model.policy;

import io.refmesh.model.policy.Authorization.Network;
import java.util.List;

/**
 * Which places outside the mesh a workload may call; policies are resolved field by field already.
 *
 * @param policy {@code namespace/name} of the policy that says what holds for the rest
 * @param allowed whether what no entry names may be called
 * @param entries what may be called in any case
 */
public record Egress(String policy, boolean allowed, List<Entry> entries) {

  public Egress {
    entries = List.copyOf(entries);
  }

  /**
   * One place: every non-empty part must match.
   *
   * @param name {@code namespace/name[index]}, told to callers and counted
   * @param hosts lower case, exact or {@code *.example.org}, which does not mean example.org itself
   */
  public record Entry(
      String name, List<String> hosts, List<Integer> ports, List<Network> networks) {
    public Entry {
      hosts = List.copyOf(hosts);
      ports = List.copyOf(ports);
      networks = List.copyOf(networks);
    }
  }
}
