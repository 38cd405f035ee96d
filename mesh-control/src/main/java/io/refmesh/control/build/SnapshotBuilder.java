package io.refmesh.control.build;

import io.refmesh.control.registry.ConnectionRoute;
import io.refmesh.control.registry.HttpRoute;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Instances.Outbound;
import io.refmesh.control.registry.Metadata;
import io.refmesh.control.registry.Origin;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.RequestRoute;
import io.refmesh.control.registry.Service;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.OutboundListener;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Builds everything that proxies can be told from one state. A mistake in one object takes only
 * that object's effect away and becomes a problem; it never stops the others. Pure; the same state
 * gives the same snapshots.
 */
public final class SnapshotBuilder {

  private final ClusterState state;
  private final String trustDomain;
  private final List<Problem> problems = new ArrayList<>();
  private final PolicyMerge policies;
  private final Ports ports;
  private final Routes routes;
  private final FaultInjection faults;
  private final Outside outside;
  private final Inbound inbound;
  private final Map<ServicePort, Backend> backends = new TreeMap<>();

  private SnapshotBuilder(ClusterState state, String trustDomain) {
    this.state = state;
    this.trustDomain = trustDomain;
    policies = new PolicyMerge(state, problems);
    ports = new Ports(state);
    routes = new Routes(state, ports, problems);
    outside = new Outside(state, problems);
    faults = new FaultInjection(state, ports, problems);
    inbound = new Inbound(state, trustDomain, ports, faults, problems);
  }

  /**
   * @param trustDomain of the CA, which may differ from a configuration that was changed while the
   *     mesh runs
   */
  public static Snapshots build(ClusterState state, String trustDomain) {
    return new SnapshotBuilder(state, trustDomain).build();
  }

  private Snapshots build() {
    Endpoints endpoints = new Endpoints(state, trustDomain, ports, problems);
    for (Service service : state.services().values()) {
      for (Service.Port port : service.ports()) {
        ServicePort id = id(service, port);
        backends.put(
            id,
            new Backend(
                id,
                ports.ofService(service, port),
                endpoints.of(service, port),
                PolicyMerge.backend(policies.forService(service))));
      }
    }
    Map<ServicePort, Destination> destinations = new HashMap<>();
    Map<String, Map<ServicePort, Destination>> consumerDestinations = new HashMap<>();
    for (Service service : state.services().values()) {
      for (Service.Port port : service.ports()) {
        ServicePort id = id(service, port);
        destinations.put(id, destination(service, port, service.metadata().namespace()));
        for (String consumer : routes.consumers(service, port)) {
          consumerDestinations
              .computeIfAbsent(consumer, name -> new HashMap<>())
              .put(id, destination(service, port, consumer));
        }
      }
    }
    Map<InstanceId, Snapshots.Workload> workloads = new HashMap<>();
    for (Instance instance : state.instances()) {
      workloads.put(
          InstanceId.of(instance),
          new Snapshots.Workload(
              Endpoints.identity(trustDomain, instance),
              new WorkloadConfig(inbound.of(instance), outbound(instance), outside.of(instance))));
    }
    return new Snapshots(
        workloads,
        destinations,
        consumerDestinations,
        Addresses.of(state, backends, instance -> single(instance, endpoints)),
        routes.statuses(),
        problems.stream().distinct().sorted().toList());
  }

  /**
   * @param namespace whose routes decide, of each sort: the service's own, or the caller's where it
   *     has any
   */
  private Destination destination(Service service, Service.Port port, String namespace) {
    ServicePort id = id(service, port);
    List<RouteRule> rules = new ArrayList<>();
    Set<ServicePort> named = new LinkedHashSet<>();
    named.add(id);
    String own = service.metadata().namespace();
    List<RequestRoute> requests = routes.ofRequests(service, port, namespace);
    if (requests.isEmpty()) {
      requests = routes.ofRequests(service, port, own);
    }
    if (requests.isEmpty()) {
      rules.add(defaultRule(service, id));
    }
    Map<Object, RouteRules.Candidate> seen = new HashMap<>();
    for (RouteRules.Candidate candidate : RouteRules.inOrder(requests)) {
      RouteRules.Candidate older =
          seen.putIfAbsent(Map.entry(candidate.hostname(), candidate.match()), candidate);
      if (older != null) {
        routes.shadowed(candidate, older);
      }
      rules.add(rule(service, candidate));
    }
    requests.stream().flatMap(Routes::named).forEach(named::add);
    List<ConnectionRoute> connections = routes.ofConnections(service, port, namespace);
    if (connections.isEmpty()) {
      connections = routes.ofConnections(service, port, own);
    }
    connections.stream()
        .flatMap(route -> route.backendRefs().stream().flatMap(List::stream))
        .forEach(backend -> named.add(backend.id()));
    Map<ServicePort, Backend> chosen = new HashMap<>();
    for (ServicePort name : named) {
      Backend backend = backends.get(name);
      if (backend != null) {
        chosen.put(name, backend);
      }
    }
    return new Destination(
        id,
        ports.ofService(service, port),
        rules,
        chosen,
        ConnectionRules.inOrder(connections, backends.keySet()));
  }

  private RouteRule defaultRule(Service service, ServicePort id) {
    var settings = policies.forService(service);
    return new RouteRule(
        "default",
        List.of(),
        HttpMatch.ANY,
        List.of(),
        List.of(new WeightedBackend(id, 1, true)),
        PolicyMerge.timeouts(settings, Optional.empty()),
        PolicyMerge.retry(settings, Optional.empty()),
        faults.forService(service));
  }

  private RouteRule rule(Service parent, RouteRules.Candidate candidate) {
    HttpRoute.Rule rule = candidate.rule();
    var settings = policies.forRule(parent, candidate.route(), rule);
    return new RouteRule(
        candidate.name(),
        candidate.hostname().isEmpty() ? List.of() : List.of(candidate.hostname()),
        candidate.match(),
        rule.filters().stream().map(this::resolved).toList(),
        rule.backendRefs().stream()
            .map(reference ->
                new WeightedBackend(
                    reference.id(),
                    reference.weight(),
                    backends.containsKey(reference.id()),
                    reference.filters()))
            .toList(),
        PolicyMerge.timeouts(settings, Optional.of(rule)),
        PolicyMerge.retry(settings, Optional.of(rule)),
        faults.forRule(parent, candidate.route(), rule));
  }

  private RouteFilter resolved(RouteFilter filter) {
    return filter instanceof RouteFilter.Mirror mirror
        ? new RouteFilter.Mirror(
            mirror.backend(),
            backends.containsKey(mirror.backend()),
            mirror.numerator(),
            mirror.denominator())
        : filter;
  }

  /** A workload that is called by its own address: what holds for its namespace holds for it. */
  private SingleWorkload single(Instance instance, Endpoints endpoints) {
    String name = SingleWorkload.name(instance.workload(), instance.replica(), instance.address());
    var settings =
        policies.forService(
            new Service(
                new Metadata(
                    instance.namespace(),
                    name,
                    Instant.EPOCH,
                    Optional.empty(),
                    0,
                    Map.of(),
                    Map.of()),
                Origin.NO_FILE,
                Map.of(),
                List.of(),
                List.of()));
    return new SingleWorkload(
        instance,
        name,
        endpoints.maybeIdentity(instance),
        Addresses.skipped(instance),
        ports.inbound(instance).stream()
            .collect(
                Collectors.toMap(Function.identity(), port -> ports.ofInbound(instance, port))),
        PolicyMerge.backend(settings),
        PolicyMerge.timeouts(settings, Optional.empty()),
        PolicyMerge.retry(settings, Optional.empty()));
  }

  private List<OutboundListener> outbound(Instance instance) {
    List<OutboundListener> listeners = new ArrayList<>();
    if (instance.captured()) {
      return listeners;
    }
    for (Outbound outbound : instance.outbound()) {
      // The supervisor may know a service a moment before or after we do: the next state has both.
      Service service = state.services().get(outbound.service());
      if (service != null) {
        for (Service.Port port : service.ports()) {
          listeners.add(
              new OutboundListener(
                  new HostPort(outbound.address(), port.port()),
                  id(service, port),
                  ports.ofService(service, port)));
        }
      }
    }
    listeners.sort(
        Comparator.comparing(OutboundListener::service)
            .thenComparing(listener -> listener.listen().toString()));
    return listeners;
  }

  private static ServicePort id(Service service, Service.Port port) {
    return new ServicePort(service.metadata().namespace(), service.metadata().name(), port.port());
  }
}
