package io.refmesh.proxy;

import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.route.ConnectionRule;
import io.refmesh.model.route.Hostnames;
import io.refmesh.model.route.WeightedBackend;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Where connections of one destination go that are not HTTP: by the name in their ClientHello, else
 * all alike, divided by weight. Immutable; serves all event loops.
 */
final class ConnectionRoutes {

  /** What choosing came to. */
  sealed interface Route {

    record To(OutboundBackends.Connections backend) implements Route {}

    record Refused(MeshError error, String detail) implements Route {}
  }

  private record Share(Route route, int weight) {}

  private record Compiled(ConnectionRule rule, List<Share> shares, long weight) {}

  private final Destination destination;
  private final RandomGenerator random;
  private final List<Compiled> rules = new ArrayList<>();
  private final Route itself;

  /**
   * @param random used from every event loop
   */
  ConnectionRoutes(Destination destination, OutboundBackends backends, RandomGenerator random) {
    this.destination = destination;
    this.random = random;
    Map<ServicePort, Route> routes = new HashMap<>();
    itself = route(destination.id(), "the service", backends, routes);
    for (ConnectionRule rule : destination.connectionRules()) {
      List<Share> shares = new ArrayList<>();
      long weight = 0;
      for (WeightedBackend weighted : rule.backends()) {
        if (weighted.weight() > 0) {
          shares.add(
              new Share(
                  weighted.exists()
                      ? route(weighted.backend(), "rule " + rule.name(), backends, routes)
                      : missing(weighted.backend(), "rule " + rule.name()),
                  weighted.weight()));
          weight += weighted.weight();
        }
      }
      rules.add(new Compiled(rule, List.copyOf(shares), weight));
    }
  }

  /**
   * @param tls whether the connection begins with a ClientHello
   * @param serverName that it names, lower case
   */
  Route of(boolean tls, Optional<String> serverName) {
    if (rules.isEmpty()) {
      return itself;
    }
    for (Compiled compiled : rules) {
      if (matches(compiled.rule, tls, serverName)) {
        return chosen(compiled);
      }
    }
    return new Route.Refused(
        MeshError.NO_ROUTE,
        "none of the "
            + rules.size()
            + " rules of "
            + destination.id()
            + " is about a connection "
            + (tls ? "to " + serverName.orElse("no server name") : "without TLS"));
  }

  private static boolean matches(ConnectionRule rule, boolean tls, Optional<String> serverName) {
    if (!rule.tls()) {
      return true;
    }
    return tls
        && (rule.hostnames().isEmpty()
            || serverName
                .filter(name ->
                    rule.hostnames().stream()
                        .anyMatch(hostname -> Hostnames.matches(hostname, name)))
                .isPresent());
  }

  private Route chosen(Compiled compiled) {
    if (compiled.shares.isEmpty()) {
      // All weigh 0: the service itself, as with requests.
      return compiled.rule.backends().isEmpty()
          ? new Route.Refused(
              MeshError.INVALID_BACKEND, "rule " + compiled.rule.name() + " names no backend")
          : itself;
    }
    long at = compiled.shares.size() == 1 ? 0 : random.nextLong(compiled.weight);
    for (Share share : compiled.shares) {
      at -= share.weight;
      if (at < 0) {
        return share.route;
      }
    }
    return compiled.shares.getLast().route;
  }

  private static Route route(
      ServicePort id, String who, OutboundBackends backends, Map<ServicePort, Route> routes) {
    return routes.computeIfAbsent(
        id,
        port ->
            backends
                .connections(port)
                .<Route>map(Route.To::new)
                .orElseGet(() -> missing(port, who)));
  }

  private static Route missing(ServicePort id, String who) {
    return new Route.Refused(
        MeshError.INVALID_BACKEND, who + " names " + id + ", which does not exist");
  }
}
