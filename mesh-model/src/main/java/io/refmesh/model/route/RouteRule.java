package io.refmesh.model.route;

import io.refmesh.model.policy.Faults;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import java.util.List;
import java.util.Optional;

/**
 * One match of one rule with everything that applies to it; policies are resolved field by field
 * already.
 *
 * @param name {@code namespace/route/rule-index}, or {@code default} for the rule of a service
 *     without routes
 * @param hostnames lower case, may begin with {@code *.}; empty for any
 * @param faults what the caller's sidecar breaks on purpose
 */
public record RouteRule(
    String name,
    List<String> hostnames,
    HttpMatch match,
    List<RouteFilter> filters,
    List<WeightedBackend> backends,
    Timeouts timeouts,
    Optional<RetrySettings> retry,
    Optional<Faults> faults) {

  public RouteRule {
    hostnames = List.copyOf(hostnames);
    filters = List.copyOf(filters);
    backends = List.copyOf(backends);
  }

  /** A rule whose requests nobody breaks. */
  public RouteRule(
      String name,
      List<String> hostnames,
      HttpMatch match,
      List<RouteFilter> filters,
      List<WeightedBackend> backends,
      Timeouts timeouts,
      Optional<RetrySettings> retry) {
    this(name, hostnames, match, filters, backends, timeouts, retry, Optional.empty());
  }
}
