package io.refmesh.proxy.balance;

import io.refmesh.proxy.endpoint.Endpoint;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One after the other. With weights, turns are spread by the golden ratio: the n-th turn goes to
 * the endpoint whose share of the unit interval holds the fractional part of n·φ, which gives each
 * its share and spaces its turns evenly.
 */
final class RoundRobin implements EndpointPicker {

  /** φ - 1 as a 64-bit fraction. */
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private final long slowStartNanos;
  private final AtomicLong turns = new AtomicLong();

  RoundRobin(long slowStartNanos) {
    this.slowStartNanos = slowStartNanos;
  }

  @Override
  public Endpoint pick(List<Endpoint> candidates, boolean equal, long key, long nowNanos) {
    long turn = turns.getAndIncrement();
    if (equal && slowStartNanos == 0) {
      return candidates.get(Math.floorMod(turn, candidates.size()));
    }
    double total = 0;
    for (Endpoint candidate : candidates) {
      total += weight(candidate, nowNanos);
    }
    double at = ((turn * GOLDEN) >>> 11) * 0x1.0p-53 * total;
    for (Endpoint candidate : candidates) {
      at -= weight(candidate, nowNanos);
      if (at < 0) {
        return candidate;
      }
    }
    return candidates.getLast();
  }

  private double weight(Endpoint endpoint, long nowNanos) {
    return Math.max(1, endpoint.spec().weight()) * endpoint.ramp(slowStartNanos, nowNanos);
  }
}
