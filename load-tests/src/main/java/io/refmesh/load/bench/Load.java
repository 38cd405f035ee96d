package io.refmesh.load.bench;

import java.util.Map;

/**
 * What a load generator counted.
 *
 * @param more percentiles by name, where there are any
 */
record Load(long requests, double seconds, long errors, Map<String, Double> more) {}
