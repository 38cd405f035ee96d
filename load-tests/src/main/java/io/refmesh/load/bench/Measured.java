package io.refmesh.load.bench;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One measurement of one pair.
 *
 * @param values by name: {@code cpu_us} (pair, per request), {@code a_us}, {@code b_us}, {@code
 *     rate} (per second), {@code p50_ms}, {@code p99_ms}, {@code errors}; {@code rss_idle} and the
 *     like of the larger side, in MiB
 */
record Measured(String workload, String peer, int round, Map<String, Double> values) {

  Measured {
    values = new LinkedHashMap<>(values);
  }
}
