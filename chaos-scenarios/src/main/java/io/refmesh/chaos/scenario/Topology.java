package io.refmesh.chaos.scenario;

import java.util.List;
import java.util.Map;

/**
 * What the scenarios of one group run on: the shop, changed.
 *
 * @param replicas by workload, where they differ from the shop's
 * @param resources further objects
 */
public record Topology(String name, Map<String, Integer> replicas, List<MeshResource> resources) {

  public Topology {
    replicas = Map.copyOf(replicas);
    resources = List.copyOf(resources);
  }
}
