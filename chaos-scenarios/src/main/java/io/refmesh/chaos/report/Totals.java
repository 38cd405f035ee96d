package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.ControlVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.RunVerdict;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import java.util.ArrayList;
import java.util.List;

/**
 * A run in numbers.
 *
 * @param requests what all streams together sent
 */
record Totals(
    long scenarios,
    long passed,
    long failed,
    long skipped,
    long aborted,
    long expectations,
    long held,
    long controls,
    long caught,
    long requests,
    long durationMillis) {

  static Totals of(RunVerdict run) {
    List<ScenarioVerdict> all = run.scenarios();
    return new Totals(
        all.size(),
        with(all, Result.PASSED),
        with(all, Result.FAILED),
        with(all, Result.SKIPPED),
        with(all, Result.ABORTED),
        all.stream().mapToLong(s -> s.expectations().size()).sum(),
        all.stream()
            .mapToLong(s -> Words.matching(s.expectations(), e -> e.result() == Result.PASSED))
            .sum(),
        all.stream().mapToLong(s -> s.negativeControls().size()).sum(),
        all.stream()
            .mapToLong(s -> Words.matching(s.negativeControls(), ControlVerdict::caught))
            .sum(),
        all.stream()
            .flatMap(s -> s.timeline().bins().stream())
            .mapToLong(bin -> bin.requests())
            .sum(),
        run.durationMillis());
  }

  /** Such as {@code 9 of 11 scenarios passed, 1 failed, 1 skipped}. */
  String outcome() {
    List<String> parts = new ArrayList<>();
    parts.add(passed + " of " + Words.counted(scenarios, "scenario") + " passed");
    part(parts, failed, "failed");
    part(parts, aborted, "aborted");
    part(parts, skipped, "skipped");
    return String.join(", ", parts);
  }

  String sentence() {
    return outcome()
        + "; "
        + held
        + " of "
        + Words.counted(expectations, "expectation")
        + " held; "
        + caught
        + " of "
        + Words.counted(controls, "negative control")
        + " caught; "
        + Words.seconds(durationMillis)
        + ".";
  }

  private static void part(List<String> parts, long number, String word) {
    if (number > 0) {
      parts.add(number + " " + word);
    }
  }

  private static long with(List<ScenarioVerdict> all, Result result) {
    return Words.matching(all, s -> s.result() == result);
  }
}
