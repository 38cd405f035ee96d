package io.refmesh.chaos.run;

import io.refmesh.chaos.fault.Fault;
import io.refmesh.chaos.fault.Faults;
import io.refmesh.chaos.scenario.FaultPlan;
import java.io.IOException;
import java.util.Map;

/** Faults of a live mesh, and figures of its hops. */
record LiveInjector(Faults faults, Hops hops) implements ActRun.Injector {

  @Override
  public Fault fault(FaultPlan plan) throws IOException {
    return faults.of(plan, hops::toxic);
  }

  @Override
  public Map<String, Double> figures() {
    return hops.figures();
  }
}
