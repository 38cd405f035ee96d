package io.refmesh.local.status;

/**
 * What a sidecar counted of the calls to its workload between two readings of its metrics.
 *
 * @param requestsPerSecond 0 without requests
 * @param successPercent NaN without answers
 * @param p50Millis NaN without answers
 * @param p99Millis NaN without answers
 */
public record Traffic(
    double requestsPerSecond, double successPercent, double p50Millis, double p99Millis) {

  static final Traffic NONE = new Traffic(0, Double.NaN, Double.NaN, Double.NaN);
}
