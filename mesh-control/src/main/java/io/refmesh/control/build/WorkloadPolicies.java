package io.refmesh.control.build;

import io.refmesh.control.registry.Attached;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.Metadata;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Resource;
import io.refmesh.control.registry.Service;
import io.refmesh.control.registry.TargetRef;
import io.refmesh.control.state.ClusterState;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The policies of one kind that are about a port of an instance, the most specific first: workload,
 * Service, Namespace, mesh; one that names the port before one that does not; of equals the older.
 */
final class WorkloadPolicies<P extends Resource & Attached> {

  /** How closely a policy names what it is about; the first wins. */
  private enum Closeness {
    WORKLOAD,
    SERVICE,
    NAMESPACE,
    MESH
  }

  private record Candidate<P>(P policy, Closeness closeness, boolean namesPort) {}

  private record Place(Closeness closeness, String namespace, Object target, int port) {}

  private final List<P> oldestFirst;
  private final ClusterState state;
  private final Ports ports;

  WorkloadPolicies(List<P> oldestFirst, ClusterState state, Ports ports, List<Problem> problems) {
    this.oldestFirst = oldestFirst;
    this.state = state;
    this.ports = ports;
    Map<Place, P> first = new HashMap<>();
    for (P policy : oldestFirst) {
      if (!policy.selector().isEmpty()) {
        requireWorkload(policy, problems);
      }
      for (int index = 0; index < policy.targetRefs().size(); index++) {
        requireTarget(policy, index, problems);
      }
      List<Place> places = places(policy);
      for (int index = 0; index < places.size(); index++) {
        P older = first.putIfAbsent(places.get(index), policy);
        if (older != null) {
          problems.add(
              policy.problem(
                  policy.targetRefs().isEmpty() ? "" : "spec.targetRefs[" + index + "]",
                  "has the same target as "
                      + older.metadata().qualifiedName()
                      + ", which is older and wins where both say something (expected: one policy"
                      + " for one target)"));
        }
      }
    }
  }

  /**
   * @param number of the application's port
   */
  List<P> of(Instance instance, int number) {
    List<Service> services = ports.servicesTo(instance, number);
    return oldestFirst.stream()
        .flatMap(policy -> candidate(policy, instance, number, services).stream())
        .sorted(
            Comparator.comparing((Candidate<P> c) -> c.closeness).thenComparing(c -> !c.namesPort))
        .map(Candidate::policy)
        .toList();
  }

  private Optional<Candidate<P>> candidate(
      P policy, Instance instance, int number, List<Service> services) {
    boolean port = policy.port() == 0 || policy.port() == number;
    Metadata metadata = policy.metadata();
    boolean ownNamespace = metadata.namespace().equals(instance.namespace());
    boolean wholeMesh = metadata.namespace().equals(MeshConfig.SYSTEM_NAMESPACE);
    Stream<Closeness> ways;
    if (!policy.targetRefs().isEmpty()) {
      ways =
          policy.targetRefs().stream()
              .flatMap(target ->
                  switch (target.kind()) {
                    case NAMESPACE ->
                        ownNamespace && port
                            ? Stream.of(Closeness.NAMESPACE)
                            : Stream.<Closeness>empty();
                    case SERVICE ->
                        services.stream()
                            .filter(service ->
                                service.metadata().namespace().equals(metadata.namespace())
                                    && service.metadata().name().equals(target.name()))
                            .filter(
                                service -> port || leads(service, policy.port(), instance, number))
                            .map(service -> Closeness.SERVICE);
                    case HTTP_ROUTE, GRPC_ROUTE -> Stream.empty();
                  });
    } else if (!policy.selector().isEmpty()) {
      ways =
          (wholeMesh || ownNamespace) && port && Ports.hasLabels(instance, policy.selector())
              ? Stream.of(Closeness.WORKLOAD)
              : Stream.empty();
    } else {
      ways =
          port && (wholeMesh || ownNamespace)
              ? Stream.of(wholeMesh ? Closeness.MESH : Closeness.NAMESPACE)
              : Stream.empty();
    }
    return ways.min(Comparator.naturalOrder())
        .map(closeness -> new Candidate<>(policy, closeness, policy.port() != 0));
  }

  private static boolean leads(Service service, int servicePort, Instance instance, int number) {
    return service
        .port(servicePort)
        .filter(port -> Ports.target(port, instance).orElse(0) == number)
        .isPresent();
  }

  private List<Place> places(P policy) {
    String namespace = policy.metadata().namespace();
    if (!policy.selector().isEmpty()) {
      return List.of(new Place(Closeness.WORKLOAD, namespace, policy.selector(), policy.port()));
    }
    Closeness wide =
        namespace.equals(MeshConfig.SYSTEM_NAMESPACE) ? Closeness.MESH : Closeness.NAMESPACE;
    if (policy.targetRefs().isEmpty()) {
      return List.of(new Place(wide, namespace, "", policy.port()));
    }
    return policy.targetRefs().stream()
        .map(target ->
            target.kind() == TargetRef.Kind.NAMESPACE
                ? new Place(Closeness.NAMESPACE, namespace, "", policy.port())
                : new Place(Closeness.SERVICE, namespace, target.name(), policy.port()))
        .toList();
  }

  private void requireTarget(P policy, int index, List<Problem> problems) {
    TargetRef target = policy.targetRefs().get(index);
    String name = policy.metadata().namespace() + "/" + target.name();
    if (target.kind() != TargetRef.Kind.SERVICE) {
      return;
    }
    Service service = state.services().get(name);
    if (service == null) {
      problems.add(
          policy.problem(
              "spec.targetRefs[" + index + "]",
              "there is no Service "
                  + name
                  + " (expected: an existing Service; the policy has no effect there)"));
    } else if (policy.port() != 0
        && service.port(policy.port()).isEmpty()
        && ports.instances(service).stream()
            .noneMatch(instance -> ports.inbound(instance).contains(policy.port()))) {
      problems.add(
          policy.problem(
              "spec.port",
              "the Service "
                  + name
                  + " has no port "
                  + policy.port()
                  + " (expected: one of "
                  + service.ports().stream().map(Service.Port::port).toList()
                  + "; the policy has no effect there)"));
    }
  }

  private void requireWorkload(P policy, List<Problem> problems) {
    String namespace = policy.metadata().namespace();
    boolean wholeMesh = namespace.equals(MeshConfig.SYSTEM_NAMESPACE);
    List<Instance> selected =
        state.instances().stream()
            .filter(instance -> wholeMesh || instance.namespace().equals(namespace))
            .filter(instance -> Ports.hasLabels(instance, policy.selector()))
            .toList();
    boolean declared =
        state.workloads().stream()
            .filter(w -> wholeMesh || w.metadata().namespace().equals(namespace))
            .anyMatch(
                w -> w.metadata().labels().entrySet().containsAll(policy.selector().entrySet()));
    if (selected.isEmpty() && !declared) {
      problems.add(
          policy.problem(
              "spec.selector.matchLabels",
              "no workload has "
                  + policy.selector()
                  + " (expected: labels of a workload"
                  + (wholeMesh ? "" : " in the namespace " + namespace)
                  + "; the policy has no effect)"));
    } else if (policy.port() != 0
        && !selected.isEmpty()
        && selected.stream()
            .noneMatch(instance -> ports.inbound(instance).contains(policy.port()))) {
      problems.add(
          policy.problem(
              "spec.port",
              "none of the workloads has a port "
                  + policy.port()
                  + " (expected: one of "
                  + selected.stream()
                      .flatMap(instance -> ports.inbound(instance).stream())
                      .distinct()
                      .sorted()
                      .toList()
                  + "; the policy has no effect)"));
    }
  }
}
