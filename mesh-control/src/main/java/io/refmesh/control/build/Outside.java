package io.refmesh.control.build;

import io.refmesh.control.registry.EgressPolicy;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.policy.Egress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What each instance may call outside the mesh: field by field what its namespace says, then the
 * mesh; of two policies of one namespace the older.
 */
final class Outside {

  private static final int NAMED = 3;

  private final Map<String, List<EgressPolicy>> byNamespace = new HashMap<>();

  Outside(ClusterState state, List<Problem> problems) {
    for (EgressPolicy policy : state.egressPolicies()) {
      List<EgressPolicy> older =
          byNamespace.computeIfAbsent(policy.metadata().namespace(), name -> new ArrayList<>());
      if (!older.isEmpty()) {
        problems.add(
            policy.problem(
                "",
                "has the same target as "
                    + older.getFirst().metadata().qualifiedName()
                    + ", which is older and wins where both say something (expected: one policy for"
                    + " one target)"));
      }
      older.add(policy);
      requireCapture(state, policy, problems);
    }
  }

  /**
   * What goes out without passing the sidecar is out of a policy's reach, and that must be said.
   */
  private static void requireCapture(
      ClusterState state, EgressPolicy policy, List<Problem> problems) {
    String namespace = policy.metadata().namespace();
    List<String> direct =
        state.instances().stream()
            .filter(instance ->
                namespace.equals(MeshConfig.SYSTEM_NAMESPACE)
                    || namespace.equals(instance.namespace()))
            .filter(instance -> !instance.captured())
            .map(instance -> instance.namespace() + "/" + instance.workload())
            .distinct()
            .toList();
    if (!direct.isEmpty()) {
      problems.add(
          policy.problem(
              "",
              "does not hold for "
                  + String.join(", ", direct.subList(0, Math.min(NAMED, direct.size())))
                  + (direct.size() > NAMED ? " and " + (direct.size() - NAMED) + " more" : "")
                  + ", whose calls to places outside the mesh do not pass a sidecar (expected:"
                  + " captured workloads, as with mesh up --netns)"));
    }
  }

  /** Empty when no policy is about it. */
  Optional<Egress> of(Instance instance) {
    List<EgressPolicy> mostSpecificFirst = new ArrayList<>();
    if (!instance.namespace().equals(MeshConfig.SYSTEM_NAMESPACE)) {
      mostSpecificFirst.addAll(byNamespace.getOrDefault(instance.namespace(), List.of()));
    }
    mostSpecificFirst.addAll(byNamespace.getOrDefault(MeshConfig.SYSTEM_NAMESPACE, List.of()));
    if (mostSpecificFirst.isEmpty()) {
      return Optional.empty();
    }
    // A list of what is allowed without a word about the rest forbids the rest.
    Optional<EgressPolicy> rest =
        mostSpecificFirst.stream().filter(policy -> policy.allowed().isPresent()).findFirst();
    EgressPolicy says = rest.orElse(mostSpecificFirst.getFirst());
    return Optional.of(
        new Egress(
            says.metadata().qualifiedName(),
            says.allowed().orElse(false),
            mostSpecificFirst.stream()
                .filter(policy -> policy.entries().isPresent())
                .findFirst()
                .map(Outside::entries)
                .orElse(List.of())));
  }

  private static List<Egress.Entry> entries(EgressPolicy policy) {
    List<Egress.Entry> entries = new ArrayList<>();
    for (EgressPolicy.Entry entry : policy.entries().orElse(List.of())) {
      entries.add(
          new Egress.Entry(
              policy.metadata().qualifiedName() + "[" + entries.size() + "]",
              entry.hosts(),
              entry.ports(),
              entry.networks()));
    }
    return entries;
  }
}
