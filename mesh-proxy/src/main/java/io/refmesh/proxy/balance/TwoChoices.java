package io.refmesh.proxy.balance;

import io.refmesh.proxy.endpoint.Endpoint;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Draws two endpoints at random and takes the less loaded one (Mitzenmacher, "The power of two
 * choices").
 *
 * <p>With weights, or while a new endpoint is in its slow start, the draw is by weight and the
 * first one drawn is kept unless the second is less than half as loaded: so shares follow the
 * weights while all do well, and an endpoint in trouble is still avoided.
 */
final class TwoChoices implements EndpointPicker {

  /** What load means. */
  enum Measure {
    /** Peak EWMA of the latency times the tries pending. */
    LATENCY,
    /** The tries pending. */
    PENDING
  }

  private final Measure measure;
  private final long slowStartNanos;
  private final RandomGenerator random;

  TwoChoices(Measure measure, long slowStartNanos, RandomGenerator random) {
    this.measure = measure;
    this.slowStartNanos = slowStartNanos;
    this.random = random;
  }

  @Override
  public Endpoint pick(List<Endpoint> candidates, boolean equal, long key, long nowNanos) {
    int count = candidates.size();
    if (count == 1) {
      return candidates.getFirst();
    }
    if (!equal || starting(candidates, nowNanos)) {
      return pickWeighted(candidates, nowNanos);
    }
    int first = random.nextInt(count);
    int second = random.nextInt(count - 1);
    if (second >= first) {
      second++;
    }
    Endpoint one = candidates.get(first);
    Endpoint other = candidates.get(second);
    return load(other, nowNanos) < load(one, nowNanos) ? other : one;
  }

  private Endpoint pickWeighted(List<Endpoint> candidates, long nowNanos) {
    double total = 0;
    for (Endpoint candidate : candidates) {
      total += weight(candidate, nowNanos);
    }
    Endpoint one = draw(candidates, total, null, nowNanos);
    Endpoint other = draw(candidates, total - weight(one, nowNanos), one, nowNanos);
    double loadOfOne = load(one, nowNanos) / one.ramp(slowStartNanos, nowNanos);
    double loadOfOther = load(other, nowNanos) / other.ramp(slowStartNanos, nowNanos);
    return loadOfOther < loadOfOne / 2 ? other : one;
  }

  private Endpoint draw(
      List<Endpoint> candidates, double total, @Nullable Endpoint except, long nowNanos) {
    double at = random.nextDouble() * total;
    Endpoint last = candidates.getFirst();
    for (Endpoint candidate : candidates) {
      if (candidate == except) {
        continue;
      }
      last = candidate;
      at -= weight(candidate, nowNanos);
      if (at < 0) {
        break;
      }
    }
    return last;
  }

  private double weight(Endpoint endpoint, long nowNanos) {
    // All weigh 0 when none weighs more: then all are equal.
    return Math.max(1, endpoint.spec().weight()) * endpoint.ramp(slowStartNanos, nowNanos);
  }

  private double load(Endpoint endpoint, long nowNanos) {
    return switch (measure) {
      case LATENCY -> endpoint.load().load(nowNanos);
      case PENDING -> endpoint.load().pending() + 1.0;
    };
  }

  private boolean starting(List<Endpoint> candidates, long nowNanos) {
    if (slowStartNanos == 0) {
      return false;
    }
    for (Endpoint candidate : candidates) {
      if (nowNanos - candidate.readySinceNanos() < slowStartNanos) {
        return true;
      }
    }
    return false;
  }
}
