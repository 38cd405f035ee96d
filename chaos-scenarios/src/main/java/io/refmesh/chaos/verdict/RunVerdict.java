package io.refmesh.chaos.verdict;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One run of the catalogue.
 *
 * @param environment {@code local} or {@code kind}
 * @param versions of what the environment consists of, by name
 * @param replay the command that runs it again
 */
public record RunVerdict(
    String environment,
    Map<String, String> versions,
    long seed,
    Instant started,
    long durationMillis,
    String replay,
    List<ScenarioVerdict> scenarios) {

  public RunVerdict {
    versions = Collections.unmodifiableMap(new TreeMap<>(versions));
    scenarios = List.copyOf(scenarios);
  }

  /**
   * Whether every scenario that ran passed and none was aborted; skipped ones do not count as
   * passed.
   */
  public boolean passed() {
    return !scenarios.isEmpty()
        && scenarios.stream()
            .noneMatch(s -> s.result() == Result.FAILED || s.result() == Result.ABORTED)
        && scenarios.stream().anyMatch(s -> s.result() == Result.PASSED);
  }
}
