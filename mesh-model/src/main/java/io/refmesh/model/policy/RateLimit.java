package io.refmesh.model.policy;

import java.util.List;
import java.util.Optional;

/**
 * How many requests one port of one workload takes, each sidecar counting for itself; policies are
 * resolved field by field already. A request needs room in every rate that is about it.
 *
 * @param total of all callers together
 * @param perIdentity of each caller; all callers without identity count as one
 * @param overrides take the place of {@code perIdentity} for the identities they name
 */
public record RateLimit(
    Optional<Rate> total, Optional<Rate> perIdentity, List<IdentityRate> overrides) {

  public RateLimit {
    overrides = List.copyOf(overrides);
  }

  /**
   * @param policy {@code namespace/name} of the policy that says it
   * @param burst how many may come at once after a pause
   */
  public record Rate(String policy, int requestsPerSecond, int burst) {
    public Rate {
      if (requestsPerSecond < 1 || burst < 1) {
        throw new IllegalArgumentException(
            "rate limit of "
                + policy
                + ": "
                + requestsPerSecond
                + " requests per second, burst "
                + burst
                + " (expected: both at least 1)");
      }
    }
  }

  /**
   * @param identity SPIFFE URI
   */
  public record IdentityRate(String identity, Rate rate) {}
}
