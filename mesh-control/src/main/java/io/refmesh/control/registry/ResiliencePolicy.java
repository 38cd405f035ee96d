package io.refmesh.control.registry;

import io.refmesh.model.policy.BackendSettings.Algorithm;
import io.refmesh.model.policy.BackendSettings.Hash;
import io.refmesh.model.policy.RetryCondition;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How calls to what it targets deal with failure; only what was written is set, so that policies
 * merge field by field.
 */
public record ResiliencePolicy(
    Metadata metadata, Origin origin, List<TargetRef> targetRefs, Settings settings)
    implements Resource {

  public ResiliencePolicy {
    targetRefs = List.copyOf(targetRefs);
  }

  @Override
  public String kind() {
    return "ResiliencePolicy";
  }

  /**
   * Everything a policy may say. Each part's {@code orElse} takes from the wider policy what the
   * part itself leaves open.
   */
  public record Settings(
      TimeoutFields timeouts,
      RetryFields retry,
      EjectionFields ejection,
      BalancerFields balancer,
      LimitFields limits) {

    public static final Settings NONE =
        new Settings(
            TimeoutFields.NONE,
            RetryFields.NONE,
            EjectionFields.NONE,
            BalancerFields.NONE,
            LimitFields.NONE);

    public Settings orElse(Settings wider) {
      return new Settings(
          timeouts.orElse(wider.timeouts),
          retry.orElse(wider.retry),
          ejection.orElse(wider.ejection),
          balancer.orElse(wider.balancer),
          limits.orElse(wider.limits));
    }
  }

  public record TimeoutFields(
      Optional<Duration> request,
      Optional<Duration> perTry,
      Optional<Duration> idle,
      Optional<Duration> connect) {

    public static final TimeoutFields NONE =
        new TimeoutFields(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    TimeoutFields orElse(TimeoutFields wider) {
      return new TimeoutFields(
          request.or(wider::request),
          perTry.or(wider::perTry),
          idle.or(wider::idle),
          connect.or(wider::connect));
    }
  }

  public record RetryFields(
      Optional<Integer> attempts,
      Optional<List<RetryCondition>> on,
      Optional<Boolean> nonIdempotent,
      Optional<Duration> backoffBase,
      Optional<Duration> backoffMax,
      Optional<Integer> bodyLimitBytes,
      Optional<Integer> budgetPercent,
      Optional<Integer> budgetMinPerSecond,
      Optional<Duration> budgetWindow) {

    public static final RetryFields NONE =
        new RetryFields(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    RetryFields orElse(RetryFields wider) {
      return new RetryFields(
          attempts.or(wider::attempts),
          on.or(wider::on),
          nonIdempotent.or(wider::nonIdempotent),
          backoffBase.or(wider::backoffBase),
          backoffMax.or(wider::backoffMax),
          bodyLimitBytes.or(wider::bodyLimitBytes),
          budgetPercent.or(wider::budgetPercent),
          budgetMinPerSecond.or(wider::budgetMinPerSecond),
          budgetWindow.or(wider::budgetWindow));
    }
  }

  public record EjectionFields(
      Optional<Integer> consecutiveFailures,
      Optional<Integer> successPercent,
      Optional<Duration> successWindow,
      Optional<Integer> successMinRequests,
      Optional<Duration> backoffBase,
      Optional<Duration> backoffMax,
      Optional<Integer> jitterPercent,
      Optional<Integer> maxEjectedPercent) {

    public static final EjectionFields NONE =
        new EjectionFields(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    EjectionFields orElse(EjectionFields wider) {
      return new EjectionFields(
          consecutiveFailures.or(wider::consecutiveFailures),
          successPercent.or(wider::successPercent),
          successWindow.or(wider::successWindow),
          successMinRequests.or(wider::successMinRequests),
          backoffBase.or(wider::backoffBase),
          backoffMax.or(wider::backoffMax),
          jitterPercent.or(wider::jitterPercent),
          maxEjectedPercent.or(wider::maxEjectedPercent));
    }
  }

  public record BalancerFields(
      Optional<Algorithm> algorithm,
      Optional<Hash> hash,
      Optional<Duration> slowStart,
      Optional<Boolean> preferZone) {

    public static final BalancerFields NONE =
        new BalancerFields(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    BalancerFields orElse(BalancerFields wider) {
      return new BalancerFields(
          algorithm.or(wider::algorithm),
          hash.or(wider::hash),
          slowStart.or(wider::slowStart),
          preferZone.or(wider::preferZone));
    }
  }

  public record LimitFields(
      Optional<Integer> inFlight,
      Optional<Boolean> adaptive,
      Optional<Integer> connections,
      Optional<Integer> pending) {

    public static final LimitFields NONE =
        new LimitFields(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    LimitFields orElse(LimitFields wider) {
      return new LimitFields(
          inFlight.or(wider::inFlight),
          adaptive.or(wider::adaptive),
          connections.or(wider::connections),
          pending.or(wider::pending));
    }
  }
}
