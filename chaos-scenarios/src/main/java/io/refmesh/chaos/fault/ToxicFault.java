package io.refmesh.chaos.fault;

import io.refmesh.chaos.scenario.FaultPlan;
import java.io.IOException;

/** A toxic on a hop. */
final class ToxicFault implements Fault {

  private final String id;
  private final FaultPlan.Toxic plan;
  private final ToxicHop hop;
  private boolean begun;

  ToxicFault(String id, FaultPlan.Toxic plan, ToxicHop hop) {
    this.id = id;
    this.plan = plan;
    this.hop = hop;
  }

  @Override
  public void begin() throws IOException, InterruptedException {
    if (plan.existingOnly()) {
      hop.toxiproxy()
          .poisonExisting(hop.proxyName(), id, plan.type(), plan.stream(), plan.attributes());
    } else {
      hop.toxiproxy().poison(hop.proxyName(), id, plan.type(), plan.stream(), plan.attributes());
    }
    begun = true;
  }

  @Override
  public void end() throws IOException, InterruptedException {
    if (!begun) {
      return;
    }
    if (plan.existingOnly()) {
      hop.toxiproxy().healExisting(hop.proxyName(), id);
    } else {
      hop.toxiproxy().heal(hop.proxyName(), id);
    }
  }
}
