package io.refmesh.chaos.scenario;

import java.util.List;
import java.util.Optional;

/**
 * One pass through the windows: the scenario itself, or one of its negative controls.
 *
 * @param name {@link #REAL} or the control's name
 * @param expectations those that are judged in this act
 */
public record Act(
    String name,
    String says,
    List<MeshResource> policies,
    List<FaultPlan> faults,
    Windows windows,
    List<Expectation> expectations,
    Optional<Control> control) {

  public static final String REAL = "real";

  public Act {
    policies = List.copyOf(policies);
    faults = List.copyOf(faults);
    expectations = List.copyOf(expectations);
  }
}
