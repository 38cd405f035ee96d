package io.refmesh.chaos.scenario;

import java.util.List;

/**
 * A way to break the mesh in which the scenario must fail.
 *
 * @param policies over those of the scenario, object by object
 * @param faults over those of the scenario, by id
 * @param mustFail ids of expectations; it is caught when one of them fails
 */
public record Control(
    String name,
    String says,
    List<MeshResource> policies,
    List<FaultPlan> faults,
    Windows windows,
    List<String> mustFail) {

  public Control {
    policies = List.copyOf(policies);
    faults = List.copyOf(faults);
    mustFail = List.copyOf(mustFail);
  }
}
