package io.refmesh.chaos.fault;

import io.refmesh.chaos.intruder.Forgery;
import io.refmesh.chaos.intruder.Intruder;
import io.refmesh.chaos.intruder.PlaintextIntruder;
import io.refmesh.chaos.intruder.TlsIntruder;
import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.mesh.MeshInstance;
import io.refmesh.chaos.scenario.FaultPlan;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** Turns plans into faults of one mesh. */
public final class Faults {

  private final GroupMesh mesh;
  private final HttpJson http;
  private final ToLongFunction<String> seed;

  /**
   * @param seed by the id of the fault
   */
  public Faults(GroupMesh mesh, HttpJson http, ToLongFunction<String> seed) {
    this.mesh = mesh;
    this.http = http;
    this.seed = seed;
  }

  /** The fault of a plan; nothing is broken yet. */
  public Fault of(FaultPlan plan, Function<String, ToxicHop> hops) throws IOException {
    return switch (plan.action()) {
      case FaultPlan.Toxic toxic -> new ToxicFault(plan.id(), toxic, hops.apply(toxic.hop()));
      case FaultPlan.Behaviour behaviour ->
          new BehaviourFault(
              victims(plan, behaviour.target()).stream()
                  .map(MeshInstance::applicationAdmin)
                  .toList(),
              behaviour.rules(),
              http);
      case FaultPlan.Resources resources ->
          new ResourcesFault(plan.id(), resources.resources(), mesh);
      case FaultPlan.ControlPlaneAway ignored -> new ControlPlaneFault(mesh);
      case FaultPlan.SidecarKill kill ->
          new SidecarKillFault(
              mesh, victims(plan, kill.target()).stream().map(MeshInstance::name).toList());
      case FaultPlan.Restart restart -> new RestartFault(mesh, restart.workload(), restart.drain());
      case FaultPlan.Intrusion intrusion ->
          new IntrusionFault(intruder(intrusion), intrusion.perSecond());
    };
  }

  private List<MeshInstance> victims(FaultPlan plan, FaultPlan.Target target) throws IOException {
    return Victims.draw(target, mesh.running(), seed.applyAsLong(plan.id()));
  }

  private Intruder intruder(FaultPlan.Intrusion intrusion) throws IOException {
    InetSocketAddress address =
        mesh.running().stream()
            .filter(i -> i.workload().equals(intrusion.workload()))
            .findFirst()
            .orElseThrow(() ->
                new IOException(
                    "intruder: no instance of workload "
                        + intrusion.workload()
                        + " runs (expected: a workload of the topology)"))
            .at(intrusion.port());
    Forgery forgery = mesh.forgery();
    // The load may call everybody, so nothing but the certificate is in the way.
    return switch (intrusion.intruder()) {
      case PLAINTEXT -> new PlaintextIntruder(address);
      case FOREIGN_CA -> new TlsIntruder(address, forgery.foreign("load"));
      case EXPIRED_LEAF -> new TlsIntruder(address, forgery.expired("load"));
    };
  }
}
