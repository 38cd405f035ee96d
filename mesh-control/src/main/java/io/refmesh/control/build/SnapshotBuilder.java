package io.refmesh.control.build;

import io.refmesh.control.registry.HttpRoute;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Instances.Outbound;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Service;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.OutboundListener;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

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
  private final Inbound inbound;
  private final Map<ServicePort, Backend> backends = new TreeMap<>();

  private SnapshotBuilder(ClusterState state, String trustDomain) {
    this.state = state;
    this.trustDomain = trustDomain;
    policies = new PolicyMerge(state, problems);
    ports = new Ports(state);
    inbound = new Inbound(state, trustDomain, ports, problems);
  }

  /**
   * @param trustDomain of the CA, which may differ from a configuration that was changed while the
   *     mesh runs
   */
  public static Snapshots build(ClusterState state, String trustDomain) {
    return new SnapshotBuilder(state, trustDomain).build();
  }

  private Snapshots build() {
    Endpoints endpoints = new Endpoints(state, trustDomain, problems);
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
    requireReferences();
    Map<ServicePort, Destination> destinations = new HashMap<>();
    Map<String, Map<ServicePort, Destination>> consumerDestinations = new HashMap<>();
    for (Service service : state.services().values()) {
      for (Service.Port port : service.ports()) {
        ServicePort id = id(service, port);
        destinations.put(
            id, destination(service, port, routes(service, port, service.metadata().namespace())));
        for (String consumer : consumers(service, port)) {
          consumerDestinations
              .computeIfAbsent(consumer, name -> new HashMap<>())
              .put(id, destination(service, port, routes(service, port, consumer)));
        }
      }
    }
    Map<InstanceId, Snapshots.Workload> workloads = new HashMap<>();
    for (Instance instance : state.instances()) {
      workloads.put(
          InstanceId.of(instance),
          new Snapshots.Workload(
              Endpoints.identity(trustDomain, instance),
              new WorkloadConfig(inbound.of(instance), outbound(instance))));
    }
    return new Snapshots(
        workloads,
        destinations,
        consumerDestinations,
        problems.stream().distinct().sorted().toList());
  }

  private Destination destination(Service service, Service.Port port, List<HttpRoute> routes) {
    ServicePort id = id(service, port);
    List<RouteRule> rules = new ArrayList<>();
    Set<ServicePort> named = new LinkedHashSet<>();
    named.add(id);
    if (routes.isEmpty()) {
      rules.add(defaultRule(service, id));
    }
    for (RouteRules.Candidate candidate : RouteRules.inOrder(routes)) {
      RouteRule rule = rule(service, candidate);
      rule.backends().stream()
          .filter(WeightedBackend::exists)
          .forEach(backend -> named.add(backend.backend()));
      rules.add(rule);
    }
    Map<ServicePort, Backend> chosen = new HashMap<>();
    for (ServicePort name : named) {
      Backend backend = backends.get(name);
      if (backend != null) {
        chosen.put(name, backend);
      }
    }
    return new Destination(id, ports.ofService(service, port), rules, chosen);
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
        PolicyMerge.retry(settings, Optional.empty()));
  }

  private RouteRule rule(Service parent, RouteRules.Candidate candidate) {
    HttpRoute.Rule rule = candidate.rule();
    var settings = policies.forRule(parent, candidate.route(), rule);
    return new RouteRule(
        candidate.name(),
        candidate.hostname().isEmpty() ? List.of() : List.of(candidate.hostname()),
        candidate.match(),
        rule.filters(),
        rule.backendRefs().stream()
            .map(reference -> {
              ServicePort backend =
                  new ServicePort(reference.namespace(), reference.name(), reference.port());
              return new WeightedBackend(
                  backend, reference.weight(), backends.containsKey(backend));
            })
            .toList(),
        PolicyMerge.timeouts(settings, Optional.of(rule)),
        PolicyMerge.retry(settings, Optional.of(rule)));
  }

  /** The routes of one namespace that have this port as a parent. */
  private List<HttpRoute> routes(Service service, Service.Port port, String namespace) {
    return state.routes().stream()
        .filter(route -> route.metadata().namespace().equals(namespace))
        .filter(route ->
            route.parentRefs().stream().anyMatch(parent -> isParent(parent, service, port)))
        .toList();
  }

  /** Namespaces whose own routes take the place of the service's for their callers. */
  private Set<String> consumers(Service service, Service.Port port) {
    Set<String> consumers = new TreeSet<>();
    for (HttpRoute route : state.routes()) {
      if (!route.metadata().namespace().equals(service.metadata().namespace())
          && route.parentRefs().stream().anyMatch(parent -> isParent(parent, service, port))) {
        consumers.add(route.metadata().namespace());
      }
    }
    return consumers;
  }

  private static boolean isParent(HttpRoute.ParentRef parent, Service service, Service.Port port) {
    return parent.namespace().equals(service.metadata().namespace())
        && parent.name().equals(service.metadata().name())
        && (parent.port() == 0 || parent.port() == port.port());
  }

  private List<OutboundListener> outbound(Instance instance) {
    List<OutboundListener> listeners = new ArrayList<>();
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

  private void requireReferences() {
    for (HttpRoute route : state.routes()) {
      for (int index = 0; index < route.parentRefs().size(); index++) {
        HttpRoute.ParentRef parent = route.parentRefs().get(index);
        requireService(
            route,
            "spec.parentRefs[" + index + "]",
            parent.namespace(),
            parent.name(),
            parent.port(),
            "the route has no effect there");
      }
      for (int rule = 0; rule < route.rules().size(); rule++) {
        List<HttpRoute.BackendRef> references = route.rules().get(rule).backendRefs();
        for (int index = 0; index < references.size(); index++) {
          HttpRoute.BackendRef backend = references.get(index);
          requireService(
              route,
              "spec.rules[" + rule + "].backendRefs[" + index + "]",
              backend.namespace(),
              backend.name(),
              backend.port(),
              "its share of the requests is answered 500");
        }
      }
    }
  }

  private void requireService(
      HttpRoute route, String field, String namespace, String name, int port, String consequence) {
    Service service = state.services().get(namespace + "/" + name);
    if (service == null) {
      problems.add(
          route.problem(
              field + ".name",
              "there is no Service "
                  + namespace
                  + "/"
                  + name
                  + " (expected: an existing Service; until then "
                  + consequence
                  + ")"));
    } else if (port != 0 && service.port(port).isEmpty()) {
      problems.add(
          route.problem(
              field + ".port",
              "the Service "
                  + namespace
                  + "/"
                  + name
                  + " has no port "
                  + port
                  + " (expected: one of "
                  + service.ports().stream().map(Service.Port::port).toList()
                  + "; until then "
                  + consequence
                  + ")"));
    }
  }

  private static ServicePort id(Service service, Service.Port port) {
    return new ServicePort(service.metadata().namespace(), service.metadata().name(), port.port());
  }
}
