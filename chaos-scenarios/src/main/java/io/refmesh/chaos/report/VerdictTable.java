package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.ControlVerdict;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.RunVerdict;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The table that ends a run: one line per scenario, below it what failed and its negative controls.
 * Plain text.
 */
final class VerdictTable {

  private static final int RESULT_WIDTH = "ABORTED".length();
  private static final int SECONDS_WIDTH = "SECONDS".length();

  private final PrintWriter out;

  VerdictTable(PrintWriter out) {
    this.out = out;
  }

  void print(RunVerdict run) {
    int nameWidth =
        Math.max(
            "SCENARIO".length(),
            run.scenarios().stream().mapToInt(s -> s.name().length()).max().orElse(0));
    String indent = " ".repeat(nameWidth + 2 + RESULT_WIDTH + 2 + SECONDS_WIDTH + 2);
    row(nameWidth, "SCENARIO", "RESULT", "SECONDS", "OBSERVED");
    for (ScenarioVerdict scenario : run.scenarios()) {
      List<String> lines = lines(scenario);
      row(
          nameWidth,
          scenario.name(),
          // What needs a look is in capitals.
          scenario.result() == Result.PASSED ? scenario.result().text() : scenario.result().name(),
          String.format(Locale.ROOT, "%.1f", scenario.durationMillis() / 1000.0),
          lines.getFirst());
      lines.stream().skip(1).forEach(line -> out.println(indent + line));
    }
    out.println();
    out.println(Totals.of(run).sentence());
  }

  private static List<String> lines(ScenarioVerdict scenario) {
    List<String> lines = new ArrayList<>();
    String figures = String.join(", ", KeyFigures.of(scenario));
    boolean ran = scenario.result() == Result.PASSED || scenario.result() == Result.FAILED;
    lines.add(ran && !figures.isEmpty() ? figures : scenario.reason());
    for (ExpectationVerdict expectation : scenario.expectations()) {
      if (expectation.result() == Result.FAILED) {
        lines.add(expectation.id() + " FAILED");
        lines.add("  observed  " + expectation.observed());
        lines.add("  expected  " + expectation.expected());
      }
    }
    for (ControlVerdict control : scenario.negativeControls()) {
      lines.add(
          "control "
              + control.name()
              + (control.caught()
                  ? " caught by " + Words.names(control.by())
                  : " MISSED by " + Words.names(control.by())));
    }
    return lines;
  }

  private void row(int nameWidth, String name, String result, String seconds, String observed) {
    out.printf(
        Locale.ROOT,
        "%-" + nameWidth + "s  %-" + RESULT_WIDTH + "s  %" + SECONDS_WIDTH + "s  %s%n",
        name,
        result,
        seconds,
        observed);
  }
}
