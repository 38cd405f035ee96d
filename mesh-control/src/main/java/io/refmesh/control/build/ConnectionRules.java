package io.refmesh.control.build;

import io.refmesh.control.registry.BackendRef;
import io.refmesh.control.registry.ConnectionRoute;
import io.refmesh.control.registry.Resource;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.route.ConnectionRule;
import io.refmesh.model.route.WeightedBackend;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * The order in which rules for connections are tried: those about a server name before those about
 * any TLS, these before those about any connection; the more specific name first; then the older
 * route.
 */
final class ConnectionRules {

  private record Candidate(ConnectionRoute route, int rule, String hostname) {}

  private static final Comparator<Candidate> PRECEDENCE =
      Comparator.comparingInt((Candidate c) -> rank(c))
          .thenComparingInt(c -> -c.hostname.length())
          .thenComparing(Candidate::route, Resource.BY_AGE)
          .thenComparingInt(Candidate::rule);

  private ConnectionRules() {}

  static List<ConnectionRule> inOrder(List<ConnectionRoute> routes, Set<ServicePort> existing) {
    List<Candidate> candidates = new ArrayList<>();
    for (ConnectionRoute route : routes) {
      List<String> hostnames = route.hostnames().isEmpty() ? List.of("") : route.hostnames();
      for (int rule = 0; rule < route.backendRefs().size(); rule++) {
        for (String hostname : hostnames) {
          candidates.add(new Candidate(route, rule, hostname));
        }
      }
    }
    return candidates.stream()
        .sorted(PRECEDENCE)
        .map(candidate -> rule(candidate, existing))
        .toList();
  }

  private static ConnectionRule rule(Candidate candidate, Set<ServicePort> existing) {
    List<BackendRef> backends = candidate.route.backendRefs().get(candidate.rule);
    return new ConnectionRule(
        candidate.route.metadata().qualifiedName() + "/" + candidate.rule,
        candidate.route.tls(),
        candidate.hostname.isEmpty() ? List.of() : List.of(candidate.hostname),
        backends.stream()
            .map(backend ->
                new WeightedBackend(
                    backend.id(), backend.weight(), existing.contains(backend.id())))
            .toList());
  }

  private static int rank(Candidate candidate) {
    if (!candidate.route.tls()) {
      return 3;
    }
    if (candidate.hostname.isEmpty()) {
      return 2;
    }
    return candidate.hostname.startsWith("*.") ? 1 : 0;
  }
}
