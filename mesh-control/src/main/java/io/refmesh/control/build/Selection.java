package io.refmesh.control.build;

import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Service;
import io.refmesh.control.state.ClusterState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which services lead to which instances, found once for a state: asking each service about each
 * instance costs millions of comparisons in a cluster of some thousand pods, at every change. An
 * instance is the object that the state has.
 */
final class Selection {

  private record Label(String namespace, String name, String value) {}

  private final Map<String, List<Instance>> instances = new HashMap<>();
  private final Map<Instance, List<Service>> services = new IdentityHashMap<>();

  Selection(ClusterState state) {
    Map<Label, List<Instance>> byLabel = new HashMap<>();
    Map<String, List<Instance>> byNamespace = new HashMap<>();
    for (Instance instance : state.instances()) {
      byNamespace.computeIfAbsent(instance.namespace(), n -> new ArrayList<>()).add(instance);
      instance
          .labels()
          .forEach((name, value) ->
              byLabel
                  .computeIfAbsent(
                      new Label(instance.namespace(), name, value), l -> new ArrayList<>())
                  .add(instance));
    }
    state.services().values().stream()
        .sorted(Comparator.comparing(service -> service.metadata().qualifiedName()))
        .forEach(service -> {
          List<Instance> selected =
              candidates(service, byLabel, byNamespace).stream()
                  .filter(instance -> Ports.hasLabels(instance, service.selector()))
                  .toList();
          instances.put(service.metadata().qualifiedName(), selected);
          selected.forEach(
              instance -> services.computeIfAbsent(instance, i -> new ArrayList<>()).add(service));
        });
  }

  /** The instances that a service leads to, in the state's order. */
  List<Instance> instances(Service service) {
    return instances.getOrDefault(service.metadata().qualifiedName(), List.of());
  }

  /** The services that lead to an instance, by name. */
  List<Service> services(Instance instance) {
    return services.getOrDefault(instance, List.of());
  }

  /** Those that have the rarest label of the selector. */
  private static List<Instance> candidates(
      Service service,
      Map<Label, List<Instance>> byLabel,
      Map<String, List<Instance>> byNamespace) {
    String namespace = service.metadata().namespace();
    List<Instance> fewest = byNamespace.getOrDefault(namespace, List.of());
    for (Map.Entry<String, String> wanted : service.selector().entrySet()) {
      List<Instance> having =
          byLabel.getOrDefault(new Label(namespace, wanted.getKey(), wanted.getValue()), List.of());
      if (having.size() < fewest.size()) {
        fewest = having;
      }
    }
    return fewest;
  }
}
