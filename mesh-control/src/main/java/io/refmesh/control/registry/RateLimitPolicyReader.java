package io.refmesh.control.registry;

import io.refmesh.control.registry.AuthorizationPolicy.ServiceAccount;
import io.refmesh.control.registry.RateLimitPolicy.AccountRate;
import io.refmesh.control.registry.RateLimitPolicy.Rate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads a RateLimitPolicy. */
final class RateLimitPolicyReader {

  private static final int PER_SECOND_MAX = 1_000_000;

  /**
   * Without a burst: what comes in a tenth of a second. Two are always taken at once, since callers
   * that keep to the rate do not come to the microsecond.
   */
  private static final int BURSTS_PER_SECOND = 10;

  private static final int BURST_MIN = 2;

  private RateLimitPolicyReader() {}

  static RateLimitPolicy read(Metadata metadata, Origin origin, Fields spec) {
    List<TargetRef> targets =
        TargetRefs.read(metadata, spec, TargetRef.Kind.SERVICE, TargetRef.Kind.NAMESPACE);
    Map<String, String> selector = TargetRefs.selector(spec, targets);
    int port = spec.integer("port", 1, 65_535).orElse(0);
    Optional<Rate> total = maybeRate(spec, "total");
    Optional<Rate> perIdentity = maybeRate(spec, "perIdentity");
    List<AccountRate> overrides = new ArrayList<>();
    for (Fields override : spec.objects("overrides")) {
      if (!override.has("serviceAccount")) {
        override.missing("serviceAccount", "{name: …, namespace: …} of the caller");
      }
      Fields account = override.object("serviceAccount");
      ServiceAccount named = TargetRefs.serviceAccount(metadata, account);
      if (overrides.stream().anyMatch(other -> other.serviceAccount().equals(named))) {
        account.problem("is in an override before this one (expected: each service account once)");
      }
      overrides.add(new AccountRate(named, rate(override)));
    }
    if (total.isEmpty() && perIdentity.isEmpty() && overrides.isEmpty()) {
      spec.problem("limits nothing (expected: at least one of total, perIdentity and overrides)");
    }
    return new RateLimitPolicy(
        metadata, origin, targets, selector, port, total, perIdentity, overrides);
  }

  private static Optional<Rate> maybeRate(Fields spec, String name) {
    return spec.has(name) ? Optional.of(rate(spec.object(name))) : Optional.empty();
  }

  private static Rate rate(Fields fields) {
    int perSecond = fields.requiredInteger("requestsPerSecond", 1, PER_SECOND_MAX);
    int burst =
        fields
            .integer("burst", 1, PER_SECOND_MAX)
            .orElse(Math.max(BURST_MIN, perSecond / BURSTS_PER_SECOND));
    return new Rate(perSecond, burst);
  }
}
