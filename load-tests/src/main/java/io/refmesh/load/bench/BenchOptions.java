package io.refmesh.load.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a run is to be like.
 *
 * @param home a built checkout
 * @param seconds of one measurement
 * @param rate requests per second of the open loops
 */
record BenchOptions(
    Path home, int rounds, int seconds, int rate, List<Workload> workloads, List<String> peers) {

  private static final int LONGEST = 3_600;

  /** Throws with option, value and what was expected. */
  static BenchOptions of(String[] arguments, List<String> peers) {
    Map<String, String> given = new HashMap<>();
    for (int i = 0; i < arguments.length; i += 2) {
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException(arguments[i] + ": no value (expected: one)");
      }
      given.put(arguments[i], arguments[i + 1]);
    }
    String home = given.remove("--home");
    String workloads = given.remove("--workloads");
    String chosen = given.remove("--peers");
    BenchOptions options =
        new BenchOptions(
            Path.of(home == null ? "." : home).toAbsolutePath().normalize(),
            number(given, "--rounds", 3),
            number(given, "--seconds", 6),
            number(given, "--rate", 2_000),
            workloads == null || workloads.isEmpty()
                ? List.of(Workload.values())
                : Arrays.stream(workloads.split(",")).map(BenchOptions::workload).toList(),
            chosen == null || chosen.isEmpty() ? peers : List.of(chosen.split(",")));
    if (!given.isEmpty()) {
      throw new IllegalArgumentException(
          given.keySet()
              + ": unknown (expected: --home, --rounds, --seconds, --rate, --workloads, --peers)");
    }
    return options;
  }

  private static Workload workload(String text) {
    return Arrays.stream(Workload.values())
        .filter(workload -> workload.text().equals(text))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "--workloads: "
                    + text
                    + " (expected: some of "
                    + Arrays.stream(Workload.values()).map(Workload::text).toList()
                    + ")"));
  }

  private static int number(Map<String, String> given, String option, int otherwise) {
    String text = given.remove(option);
    if (text == null || text.isEmpty()) {
      return otherwise;
    }
    if (!text.matches("[1-9]\\d{0,5}") || Integer.parseInt(text) > LONGEST * 10) {
      throw new IllegalArgumentException(
          option + ": " + text + " (expected: a whole number from 1)");
    }
    return Integer.parseInt(text);
  }
}
