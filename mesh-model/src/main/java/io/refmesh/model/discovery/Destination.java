package io.refmesh.model.discovery;

import io.refmesh.model.route.ConnectionRule;
import io.refmesh.model.route.RouteRule;
import java.util.List;
import java.util.Map;

/**
 * Everything a proxy needs to call one port of a service: routes, policies and endpoints, as one
 * version.
 *
 * @param rules in order of precedence, the first that matches wins; one catch-all rule when the
 *     service has no routes
 * @param backends every backend that a rule names, and the service itself (which opaque connections
 *     go to)
 * @param connectionRules in order of precedence, for connections that are not HTTP; without any,
 *     they go to the service itself
 */
public record Destination(
    ServicePort id,
    AppProtocol protocol,
    List<RouteRule> rules,
    Map<ServicePort, Backend> backends,
    List<ConnectionRule> connectionRules) {

  public Destination(
      ServicePort id,
      AppProtocol protocol,
      List<RouteRule> rules,
      Map<ServicePort, Backend> backends) {
    this(id, protocol, rules, backends, List.of());
  }

  public Destination {
    rules = List.copyOf(rules);
    backends = Map.copyOf(backends);
    connectionRules = List.copyOf(connectionRules);
  }
}
