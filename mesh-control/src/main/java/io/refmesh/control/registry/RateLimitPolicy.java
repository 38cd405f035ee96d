package io.refmesh.control.registry;

import io.refmesh.control.registry.AuthorizationPolicy.ServiceAccount;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How many requests workloads take; only what was written is set, so that policies merge field by
 * field.
 *
 * @param selector labels of workloads; empty when the policy attaches by {@code targetRefs} or to
 *     its whole namespace
 * @param port of the application, or of the Service that is the target; 0 for all
 */
public record RateLimitPolicy(
    Metadata metadata,
    Origin origin,
    List<TargetRef> targetRefs,
    Map<String, String> selector,
    int port,
    Optional<Rate> total,
    Optional<Rate> perIdentity,
    List<AccountRate> overrides)
    implements Resource, Attached {

  public RateLimitPolicy {
    targetRefs = List.copyOf(targetRefs);
    selector = Map.copyOf(selector);
    overrides = List.copyOf(overrides);
  }

  @Override
  public String kind() {
    return "RateLimitPolicy";
  }

  public record Rate(int requestsPerSecond, int burst) {}

  /** In place of {@code perIdentity} for one service account. */
  public record AccountRate(ServiceAccount serviceAccount, Rate rate) {}
}
