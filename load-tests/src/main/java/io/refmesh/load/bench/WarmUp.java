package io.refmesh.load.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What a pair cost until its cost settled, the compiling of the JVM included.
 *
 * @param cpuMicros CPU µs per request of both sides, a figure for each window
 */
record WarmUp(String workload, String peer, int windowSeconds, List<Double> cpuMicros) {

  WarmUp {
    cpuMicros = List.copyOf(cpuMicros);
  }

  String text() {
    return "%s, %s, CPU µs per request in windows of %d s from cold: "
            .formatted(workload, peer, windowSeconds)
        + cpuMicros.stream()
            .map(micros -> String.format(Locale.ROOT, "%.4g", micros))
            .collect(Collectors.joining(", "));
  }
}
