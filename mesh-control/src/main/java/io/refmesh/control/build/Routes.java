package io.refmesh.control.build;

import io.refmesh.control.build.RouteStatus.Condition;
import io.refmesh.control.registry.BackendRef;
import io.refmesh.control.registry.ConnectionRoute;
import io.refmesh.control.registry.GrpcRoute;
import io.refmesh.control.registry.ParentRef;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.RequestRoute;
import io.refmesh.control.registry.Route;
import io.refmesh.control.registry.Service;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.route.RouteFilter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Which routes hold for which port of which service, and what became of those that do not: a
 * problem and a condition for each.
 */
final class Routes {

  private record Place(Route route, int parent) {}

  private final ClusterState state;
  private final Ports ports;
  private final List<Problem> problems;
  private final Map<Place, Condition> refused = new HashMap<>();
  private final Map<Route, Condition> unresolved = new HashMap<>();

  Routes(ClusterState state, Ports ports, List<Problem> problems) {
    this.state = state;
    this.ports = ports;
    this.problems = problems;
    for (Route route : state.routes()) {
      requireParents(route);
      requireBackends(route);
    }
  }

  /**
   * The routes of one namespace that decide over requests to this port, all of one kind: where a
   * GRPCRoute has the port as its parent, HTTPRoutes have no effect.
   */
  List<RequestRoute> ofRequests(Service service, Service.Port port, String namespace) {
    List<RequestRoute> all = having(RequestRoute.class, service, port, namespace);
    List<RequestRoute> grpc = all.stream().filter(GrpcRoute.class::isInstance).toList();
    if (grpc.isEmpty() || grpc.size() == all.size()) {
      return all;
    }
    for (RequestRoute route : all) {
      if (!(route instanceof GrpcRoute)) {
        lost(route, service, port, grpc.getFirst());
      }
    }
    return grpc;
  }

  /** The routes of one namespace that decide over connections to this port. */
  List<ConnectionRoute> ofConnections(Service service, Service.Port port, String namespace) {
    List<ConnectionRoute> all = having(ConnectionRoute.class, service, port, namespace);
    if (ports.ofService(service, port) == AppProtocol.OPAQUE) {
      for (ConnectionRoute route : all) {
        if (route.tls()) {
          refuse(
              route,
              parentIndex(route, service, port),
              "UnsupportedValue",
              ".port",
              "port "
                  + port.port()
                  + " of the Service "
                  + service.metadata().qualifiedName()
                  + " is opaque, so nobody looks for a server name (expected: appProtocol: tls, or"
                  + " none)");
        }
      }
      return all.stream().filter(route -> !route.tls()).toList();
    }
    return all;
  }

  /** Namespaces whose own routes take the place of the service's for their callers. */
  Set<String> consumers(Service service, Service.Port port) {
    Set<String> consumers = new TreeSet<>();
    for (Route route : state.routes()) {
      if (!route.metadata().namespace().equals(service.metadata().namespace())
          && route.parentRefs().stream().anyMatch(parent -> parent.names(service, port))) {
        consumers.add(route.metadata().namespace());
      }
    }
    return consumers;
  }

  /** Of two rules with the same match, the second never applies. */
  void shadowed(RouteRules.Candidate candidate, RouteRules.Candidate older) {
    if (!candidate.route().equals(older.route())) {
      problems.add(
          candidate
              .route()
              .problem(
                  "spec.rules["
                      + candidate.ruleIndex()
                      + "].matches["
                      + candidate.matchIndex()
                      + "]",
                  "is also a match of "
                      + older.route().kind()
                      + " "
                      + older.route().metadata().qualifiedName()
                      + ", which is older and wins (expected: each match once for a Service)"));
    }
  }

  /** What became of every route, in their order; after all ports have been asked for. */
  List<RouteStatus> statuses() {
    return state.routes().stream()
        .map(route -> {
          List<RouteStatus.Parent> parents = new ArrayList<>();
          for (int index = 0; index < route.parentRefs().size(); index++) {
            ParentRef parent = route.parentRefs().get(index);
            parents.add(
                new RouteStatus.Parent(
                    parent.namespace() + "/" + parent.name(),
                    parent.port(),
                    List.of(
                        refused.getOrDefault(
                            new Place(route, index),
                            condition(route, "Accepted", "True", "Accepted", "")),
                        unresolved.getOrDefault(
                            route, condition(route, "ResolvedRefs", "True", "ResolvedRefs", "")))));
          }
          return new RouteStatus(
              route.kind(), route.metadata().namespace(), route.metadata().name(), parents);
        })
        .toList();
  }

  private <R extends Route> List<R> having(
      Class<R> kind, Service service, Service.Port port, String namespace) {
    return state.routes().stream()
        .filter(kind::isInstance)
        .map(kind::cast)
        .filter(route -> route.metadata().namespace().equals(namespace))
        .filter(route -> route.parentRefs().stream().anyMatch(p -> p.names(service, port)))
        .toList();
  }

  private void lost(RequestRoute route, Service service, Service.Port port, RequestRoute winner) {
    refuse(
        route,
        parentIndex(route, service, port),
        "Conflicted",
        "",
        "the GRPCRoute "
            + winner.metadata().qualifiedName()
            + " has port "
            + port.port()
            + " of the Service "
            + service.metadata().qualifiedName()
            + " as its parent too and wins (expected: routes of one kind for a port; until then the"
            + " route has no effect there)");
  }

  private static int parentIndex(Route route, Service service, Service.Port port) {
    for (int index = 0; index < route.parentRefs().size(); index++) {
      if (route.parentRefs().get(index).names(service, port)) {
        return index;
      }
    }
    throw new IllegalArgumentException(
        route.object() + " has no parent " + service.metadata().qualifiedName());
  }

  private void refuse(Route route, int parent, String reason, String field, String message) {
    problems.add(route.problem("spec.parentRefs[" + parent + "]" + field, message));
    refused.putIfAbsent(
        new Place(route, parent), condition(route, "Accepted", "False", reason, message));
  }

  private static Condition condition(
      Route route, String type, String status, String reason, String message) {
    return new Condition(type, status, reason, message, route.metadata().generation());
  }

  private void requireParents(Route route) {
    for (int index = 0; index < route.parentRefs().size(); index++) {
      ParentRef parent = route.parentRefs().get(index);
      String field = maybeMissingField(parent.namespace(), parent.name(), parent.port());
      Service service = state.services().get(parent.namespace() + "/" + parent.name());
      if (service != null && service.headless()) {
        refuse(
            route,
            index,
            "NoMatchingParent",
            ".name",
            "the Service "
                + service.metadata().qualifiedName()
                + " is headless, so callers call its pods and never the Service (expected: one with"
                + " a cluster IP; until then the route has no effect there)");
      } else if (!field.isEmpty()) {
        refuse(
            route,
            index,
            "NoMatchingParent",
            field,
            missing(
                parent.namespace(), parent.name(), parent.port(), "the route has no effect there"));
      }
    }
  }

  private void requireBackends(Route route) {
    List<List<BackendRef>> rules = route.backendRefs();
    for (int rule = 0; rule < rules.size(); rule++) {
      for (int index = 0; index < rules.get(rule).size(); index++) {
        requireBackend(
            route,
            "spec.rules[" + rule + "].backendRefs[" + index + "]",
            rules.get(rule).get(index).id(),
            route instanceof RequestRoute
                ? "its share of the requests is answered 500"
                : "its share of the connections is closed");
      }
      if (route instanceof RequestRoute requests) {
        List<RouteFilter> filters = requests.rules().get(rule).filters();
        for (int index = 0; index < filters.size(); index++) {
          if (filters.get(index) instanceof RouteFilter.Mirror mirror) {
            requireBackend(
                route,
                "spec.rules[" + rule + "].filters[" + index + "].requestMirror.backendRef",
                mirror.backend(),
                "nothing is copied");
          }
        }
      }
    }
  }

  private void requireBackend(Route route, String field, ServicePort id, String consequence) {
    String missing = maybeMissingField(id.namespace(), id.service(), id.port());
    if (!missing.isEmpty()) {
      String message = missing(id.namespace(), id.service(), id.port(), consequence);
      problems.add(route.problem(field + missing, message));
      unresolved.putIfAbsent(
          route, condition(route, "ResolvedRefs", "False", "BackendNotFound", message));
    }
  }

  /** Which field of a reference leads nowhere; empty when it is right. */
  private String maybeMissingField(String namespace, String name, int port) {
    Service service = state.services().get(namespace + "/" + name);
    if (service == null) {
      return ".name";
    }
    return port != 0 && service.port(port).isEmpty() ? ".port" : "";
  }

  private String missing(String namespace, String name, int port, String consequence) {
    Service service = state.services().get(namespace + "/" + name);
    return service == null
        ? "there is no Service "
            + namespace
            + "/"
            + name
            + " (expected: an existing Service; until then "
            + consequence
            + ")"
        : "the Service "
            + namespace
            + "/"
            + name
            + " has no port "
            + port
            + " (expected: one of "
            + service.ports().stream().map(Service.Port::port).toList()
            + "; until then "
            + consequence
            + ")";
  }

  /** Every backend that routes name: rules, mirrors. */
  static Stream<ServicePort> named(RequestRoute route) {
    return route.rules().stream()
        .flatMap(rule ->
            Stream.concat(
                rule.backendRefs().stream().map(BackendRef::id),
                rule.filters().stream()
                    .filter(RouteFilter.Mirror.class::isInstance)
                    .map(filter -> ((RouteFilter.Mirror) filter).backend())));
  }
}
