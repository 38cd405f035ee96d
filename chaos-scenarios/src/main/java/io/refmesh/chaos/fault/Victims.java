package io.refmesh.chaos.fault;

import io.refmesh.chaos.mesh.MeshInstance;
import io.refmesh.chaos.scenario.FaultPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** Who a fault hits. The same seed draws the same victims. */
public final class Victims {

  private Victims() {}

  /** The instances of a target, drawn from those that run. */
  public static List<MeshInstance> draw(
      FaultPlan.Target target, List<MeshInstance> running, long seed) throws IOException {
    List<MeshInstance> candidates = new ArrayList<>();
    for (String workload : target.workloads()) {
      List<MeshInstance> of = running.stream().filter(i -> i.workload().equals(workload)).toList();
      if (of.isEmpty()) {
        throw new IOException(
            "fault target: no instance of workload "
                + workload
                + " runs (expected: a workload of the topology)");
      }
      candidates.addAll(of);
    }
    // By name, so that the draw does not depend on the order in which the mesh lists them.
    candidates.sort(Comparator.comparing(MeshInstance::name));
    Optional<Integer> count = target.count();
    if (count.isEmpty() || count.get() >= candidates.size()) {
      return candidates;
    }
    SplittableRandom random = new SplittableRandom(seed);
    List<MeshInstance> drawn = new ArrayList<>();
    for (int i = 0; i < count.get(); i++) {
      drawn.add(candidates.remove(random.nextInt(candidates.size())));
    }
    return drawn;
  }
}
