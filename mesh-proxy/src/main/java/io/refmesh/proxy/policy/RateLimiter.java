package io.refmesh.proxy.policy;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.RateLimit;
import io.refmesh.model.policy.RateLimit.Rate;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.LongGauge;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Counts the requests of one port: those of each identity, and all together. What one identity is
 * refused does not count for the others. Safe on any thread.
 *
 * <p>An identity is remembered until its requests are paid off, at most {@link #IDENTITIES_MAX} at
 * once; those beyond that share one rate until others have paused.
 */
final class RateLimiter {

  /** Callers of one workload that are busy at the same moment; each takes about 200 bytes. */
  static final int IDENTITIES_MAX = 1_000;

  private static final long SWEEP_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Callers without identity. */
  private static final String STRANGERS = "";

  /**
   * @param limit total, identity or override
   */
  record Refused(String limit, Rate rate, long retryAfterNanos) {}

  private record Counted(String limit, Rate rate, Counter refusals, Gcra gcra) {

    @Nullable Refused take(long now) {
      long wait = gcra.tryTake(now);
      if (wait == 0) {
        return null;
      }
      refusals.increment();
      return new Refused(limit, rate, wait);
    }

    /** The same rate for another caller. */
    Counted another(long now) {
      return new Counted(
          limit, rate, refusals, new Gcra(rate.requestsPerSecond(), rate.burst(), now));
    }
  }

  private final Ticker ticker;
  private final @Nullable Counted total;
  // What those beyond the bound share.
  private final @Nullable Counted perIdentity;
  private final Map<String, Counted> overrides = new HashMap<>();
  private final Map<String, Counted> identities = new ConcurrentHashMap<>();
  private final AtomicLong sweptNanos;
  private final LongGauge remembered;
  private final Counter full;

  RateLimiter(int port, RateLimit limit, Ticker ticker, ProxyMetrics metrics) {
    this.ticker = ticker;
    long now = ticker.nanoTime();
    BiFunction<String, Rate, Counted> counted =
        (name, rate) ->
            new Counted(
                name,
                rate,
                metrics.counter(
                    ProxyMetric.RATE_LIMITED_TOTAL, Integer.toString(port), rate.policy(), name),
                new Gcra(rate.requestsPerSecond(), rate.burst(), now));
    total = limit.total().map(rate -> counted.apply("total", rate)).orElse(null);
    perIdentity = limit.perIdentity().map(rate -> counted.apply("identity", rate)).orElse(null);
    for (RateLimit.IdentityRate override : limit.overrides()) {
      overrides.putIfAbsent(override.identity(), counted.apply("override", override.rate()));
    }
    sweptNanos = new AtomicLong(now);
    remembered = metrics.gauge(ProxyMetric.RATE_LIMIT_IDENTITIES, Integer.toString(port));
    full = metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "rate-limit-identities");
  }

  /** Null when the request may go on. */
  @Nullable Refused check(Caller caller) {
    long now = ticker.nanoTime();
    Counted own = own(caller.identity().map(SpiffeId::uri).orElse(STRANGERS), now);
    Refused refused = own == null ? null : own.take(now);
    if (refused != null || total == null) {
      return refused;
    }
    refused = total.take(now);
    if (refused != null && own != null) {
      own.gcra.giveBack();
    }
    return refused;
  }

  private @Nullable Counted own(String identity, long now) {
    Counted override = overrides.get(identity);
    if (override != null || perIdentity == null) {
      return override;
    }
    Counted known = identities.get(identity);
    if (known != null) {
      return known;
    }
    if (identities.size() >= IDENTITIES_MAX && !swept(now)) {
      full.increment();
      return perIdentity;
    }
    Counted own = identities.computeIfAbsent(identity, i -> perIdentity.another(now));
    remembered.set(identities.size());
    return own;
  }

  /** Forgets who has paused; looks once a second. */
  private boolean swept(long now) {
    long last = sweptNanos.get();
    if (now - last >= SWEEP_NANOS && sweptNanos.compareAndSet(last, now)) {
      identities.values().removeIf(counted -> counted.gcra.idle(now));
    }
    return identities.size() < IDENTITIES_MAX;
  }
}
