package io.refmesh.chaos.run;

import io.refmesh.chaos.fault.Fault;
import io.refmesh.chaos.fault.Faults;
import io.refmesh.chaos.scenario.FaultPlan;
import io.refmesh.chaos.scenario.Scenario;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/** Faults of a live mesh, and figures of its hops and ledgers. */
record LiveInjector(Scenario scenario, Watched mesh, Faults faults, Hops hops, Ledgers ledgers)
    implements ActRun.Injector {

  @Override
  public Fault fault(FaultPlan plan) throws IOException {
    return faults.of(plan, hops::toxic);
  }

  @Override
  public Map<String, Double> figures(Instant since) throws IOException, InterruptedException {
    Map<String, Double> figures = new HashMap<>(hops.figures());
    ledgers.read(mesh.apps());
    figures.putAll(
        ledgers.figures(
            scenario.name(),
            scenario.load().stream().filter(stream -> stream.method().equals("POST")).toList(),
            since));
    return figures;
  }
}
