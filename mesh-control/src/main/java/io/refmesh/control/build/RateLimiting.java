package io.refmesh.control.build;

import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.RateLimitPolicy;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.RateLimit;
import java.util.List;
import java.util.Optional;

/**
 * How many requests each port of an instance takes: field by field what the most specific policy
 * says.
 */
final class RateLimiting {

  private final WorkloadPolicies<RateLimitPolicy> policies;
  private final String trustDomain;
  private final Ports ports;
  private final List<Problem> problems;

  RateLimiting(ClusterState state, String trustDomain, Ports ports, List<Problem> problems) {
    this.trustDomain = trustDomain;
    this.ports = ports;
    this.problems = problems;
    policies = new WorkloadPolicies<>(state.rateLimitPolicies(), state, ports, problems);
  }

  /** Empty when no policy is about the port. */
  Optional<RateLimit> of(Instance instance, int number) {
    List<RateLimitPolicy> mostSpecificFirst = policies.of(instance, number);
    if (mostSpecificFirst.isEmpty()) {
      return Optional.empty();
    }
    AppProtocol protocol = ports.ofInbound(instance, number);
    if (protocol == AppProtocol.OPAQUE || protocol == AppProtocol.TLS) {
      mostSpecificFirst.stream()
          .filter(policy -> policy.port() != 0)
          .forEach(policy ->
              problems.add(
                  policy.problem(
                      "spec.port",
                      number
                          + " is opaque (expected: a port that speaks HTTP; requests are counted, connections are not)")));
      return Optional.empty();
    }
    return Optional.of(
        new RateLimit(
            mostSpecificFirst.stream()
                .flatMap(policy -> policy.total().map(rate -> rate(policy, rate)).stream())
                .findFirst(),
            mostSpecificFirst.stream()
                .flatMap(policy -> policy.perIdentity().map(rate -> rate(policy, rate)).stream())
                .findFirst(),
            mostSpecificFirst.stream()
                .filter(policy -> !policy.overrides().isEmpty())
                .findFirst()
                .map(this::overrides)
                .orElse(List.of())));
  }

  private List<RateLimit.IdentityRate> overrides(RateLimitPolicy policy) {
    return policy.overrides().stream()
        .map(override ->
            new RateLimit.IdentityRate(
                new SpiffeId(
                        trustDomain,
                        override.serviceAccount().namespace(),
                        override.serviceAccount().name())
                    .uri(),
                rate(policy, override.rate())))
        .toList();
  }

  private static RateLimit.Rate rate(RateLimitPolicy policy, RateLimitPolicy.Rate rate) {
    return new RateLimit.Rate(
        policy.metadata().qualifiedName(), rate.requestsPerSecond(), rate.burst());
  }
}
