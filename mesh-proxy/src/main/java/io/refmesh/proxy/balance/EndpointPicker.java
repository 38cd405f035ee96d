package io.refmesh.proxy.balance;

import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.endpoint.Endpoint;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Chooses one of several endpoints that may all be called. Safe on any thread, as its {@link
 * RandomGenerator} must be.
 */
sealed interface EndpointPicker permits TwoChoices, RoundRobin, Rendezvous {

  /**
   * @param candidates at least one
   * @param equal whether all candidates weigh the same
   * @param key what requests that belong together have in common
   */
  Endpoint pick(List<Endpoint> candidates, boolean equal, long key, long nowNanos);

  static EndpointPicker of(BackendSettings.Balancer settings, RandomGenerator random) {
    long slowStartNanos = settings.slowStart().toNanos();
    return switch (settings.algorithm()) {
      case PEAK_EWMA -> new TwoChoices(TwoChoices.Measure.LATENCY, slowStartNanos, random);
      case LEAST_REQUEST -> new TwoChoices(TwoChoices.Measure.PENDING, slowStartNanos, random);
      case ROUND_ROBIN -> new RoundRobin(slowStartNanos);
      case RING_HASH -> new Rendezvous();
    };
  }
}
