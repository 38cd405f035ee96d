package io.refmesh.control.state;

import io.refmesh.control.registry.AuthorizationPolicy;
import io.refmesh.control.registry.Detour;
import io.refmesh.control.registry.EgressPolicy;
import io.refmesh.control.registry.Expiring;
import io.refmesh.control.registry.FaultPolicy;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.Namespace;
import io.refmesh.control.registry.RateLimitPolicy;
import io.refmesh.control.registry.ResiliencePolicy;
import io.refmesh.control.registry.Resource;
import io.refmesh.control.registry.Route;
import io.refmesh.control.registry.Service;
import io.refmesh.control.registry.Workload;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Everything that configuration is built from, in an order that does not depend on how it arrived:
 * resources oldest first, instances by name.
 *
 * @param namespaces those that were written down, by name
 * @param services by {@code namespace/name}
 * @param routes of every kind
 * @param detours only those that have not expired
 * @param workloads those that were written down, be they running or not
 */
public record ClusterState(
    MeshConfig config,
    Map<String, Namespace> namespaces,
    Map<String, Service> services,
    List<Route> routes,
    List<ResiliencePolicy> resiliencePolicies,
    List<AuthorizationPolicy> authorizationPolicies,
    List<RateLimitPolicy> rateLimitPolicies,
    List<TimedFault> faults,
    List<EgressPolicy> egressPolicies,
    List<Detour> detours,
    List<Workload> workloads,
    List<Instance> instances) {

  private static final Comparator<Instance> BY_NAME =
      Comparator.comparing(Instance::namespace)
          .thenComparing(Instance::workload)
          .thenComparingInt(Instance::replica);

  public ClusterState {
    namespaces = Map.copyOf(namespaces);
    services = Map.copyOf(services);
    routes = List.copyOf(routes);
    resiliencePolicies = List.copyOf(resiliencePolicies);
    authorizationPolicies = List.copyOf(authorizationPolicies);
    rateLimitPolicies = List.copyOf(rateLimitPolicies);
    faults = List.copyOf(faults);
    egressPolicies = List.copyOf(egressPolicies);
    detours = List.copyOf(detours);
    workloads = List.copyOf(workloads);
    instances = List.copyOf(instances);
  }

  /**
   * Puts resources, each object at most once, and instances in order.
   *
   * @param end when an object ends; empty when it has
   */
  public static ClusterState of(
      MeshConfig config,
      Collection<? extends Resource> resources,
      Collection<Instance> instances,
      Function<Expiring, Optional<Instant>> end) {
    return new ClusterState(
        config,
        only(Namespace.class, resources).stream()
            .collect(Collectors.toMap(n -> n.metadata().name(), n -> n)),
        only(Service.class, resources).stream()
            .collect(Collectors.toMap(s -> s.metadata().qualifiedName(), s -> s)),
        only(Route.class, resources),
        only(ResiliencePolicy.class, resources),
        only(AuthorizationPolicy.class, resources),
        only(RateLimitPolicy.class, resources),
        only(FaultPolicy.class, resources).stream()
            .map(policy -> new TimedFault(policy, end.apply(policy)))
            .toList(),
        only(EgressPolicy.class, resources),
        only(Detour.class, resources).stream()
            .filter(detour -> end.apply(detour).isPresent())
            .toList(),
        only(Workload.class, resources),
        instances.stream().sorted(BY_NAME).toList());
  }

  private static <T extends Resource> List<T> only(
      Class<T> kind, Collection<? extends Resource> resources) {
    return resources.stream()
        .filter(kind::isInstance)
        .map(kind::cast)
        .sorted(Resource.BY_AGE)
        .toList();
  }
}
