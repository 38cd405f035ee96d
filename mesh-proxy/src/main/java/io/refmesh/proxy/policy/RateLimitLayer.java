package io.refmesh.proxy.policy;

import io.refmesh.model.error.MeshError;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.Outcome;
import java.util.concurrent.TimeUnit;

/** Refuses the requests that are too many and says when to come again. */
final class RateLimitLayer implements Layer {

  private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final long NANOS_PER_MILLI = TimeUnit.MILLISECONDS.toNanos(1);

  private final RateLimiter limiter;

  RateLimitLayer(RateLimiter limiter) {
    this.limiter = limiter;
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      RateLimiter.Refused refused = limiter.check(exchange.caller());
      if (refused == null) {
        next.handle(exchange, reply);
        return;
      }
      reply.done(
          Outcome.Failed.before(MeshError.RATE_LIMITED, detail(refused, exchange.caller()))
              .retryAfterSeconds(Math.ceilDiv(refused.retryAfterNanos(), NANOS_PER_SECOND)));
    };
  }

  private static String detail(RateLimiter.Refused refused, Caller caller) {
    return "policy "
        + refused.rate().policy()
        + ": "
        + refused.rate().requestsPerSecond()
        + " requests per second for "
        + (refused.limit().equals("total")
            ? "all callers together"
            : caller.identity().map(SpiffeId::uri).orElse("all callers without identity"))
        + ", the next in "
        + Math.ceilDiv(refused.retryAfterNanos(), NANOS_PER_MILLI)
        + " ms";
  }
}
