package io.refmesh.model.wire;

import io.refmesh.model.policy.RateLimit;
import io.refmesh.model.policy.RateLimit.Rate;
import java.util.Optional;

/** {@link RateLimit} to and from its message. */
final class RateLimitWire {

  private RateLimitWire() {}

  static io.refmesh.model.wire.v1.RateLimit encode(RateLimit limit) {
    var message = io.refmesh.model.wire.v1.RateLimit.newBuilder();
    limit.total().ifPresent(rate -> message.setTotal(encode(rate)));
    limit.perIdentity().ifPresent(rate -> message.setPerIdentity(encode(rate)));
    for (RateLimit.IdentityRate override : limit.overrides()) {
      message.addOverrides(
          io.refmesh.model.wire.v1.RateLimit.Override.newBuilder()
              .setIdentity(override.identity())
              .setRate(encode(override.rate())));
    }
    return message.build();
  }

  static RateLimit decode(io.refmesh.model.wire.v1.RateLimit message) {
    return new RateLimit(
        message.hasTotal() ? Optional.of(decode(message.getTotal())) : Optional.empty(),
        message.hasPerIdentity() ? Optional.of(decode(message.getPerIdentity())) : Optional.empty(),
        message.getOverridesList().stream()
            .map(o -> new RateLimit.IdentityRate(o.getIdentity(), decode(o.getRate())))
            .toList());
  }

  private static io.refmesh.model.wire.v1.RateLimit.Rate encode(Rate rate) {
    return io.refmesh.model.wire.v1.RateLimit.Rate.newBuilder()
        .setPolicy(rate.policy())
        .setRequestsPerSecond(rate.requestsPerSecond())
        .setBurst(rate.burst())
        .build();
  }

  private static Rate decode(io.refmesh.model.wire.v1.RateLimit.Rate message) {
    return new Rate(message.getPolicy(), message.getRequestsPerSecond(), message.getBurst());
  }
}
