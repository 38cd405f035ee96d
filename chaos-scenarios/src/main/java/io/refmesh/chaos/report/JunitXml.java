package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.ControlVerdict;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.RunVerdict;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import java.util.Locale;

/**
 * {@code junit.xml}: what build servers show. One suite for each scenario; one case for each
 * expectation and each negative control, and one named {@code scenario} where a scenario ended
 * otherwise than by its expectations.
 */
final class JunitXml {

  private final Markup xml = Markup.xml();

  private JunitXml() {}

  static String of(RunVerdict run) {
    JunitXml page = new JunitXml();
    page.run(run);
    return page.xml.text();
  }

  private void run(RunVerdict run) {
    Counts all = run.scenarios().stream().map(Counts::of).reduce(Counts.NONE, Counts::plus);
    xml.open(
        "testsuites",
        "name",
        "refmesh " + run.environment(),
        "tests",
        all.tests() + "",
        "failures",
        all.failures() + "",
        "errors",
        all.errors() + "",
        "skipped",
        all.skipped() + "",
        "time",
        seconds(run.durationMillis()));
    xml.line();
    for (ScenarioVerdict scenario : run.scenarios()) {
      suite(run, scenario);
    }
    xml.close().line();
  }

  private void suite(RunVerdict run, ScenarioVerdict scenario) {
    Counts counts = Counts.of(scenario);
    xml.open(
        "testsuite",
        "name",
        scenario.name(),
        "tests",
        counts.tests() + "",
        "failures",
        counts.failures() + "",
        "errors",
        counts.errors() + "",
        "skipped",
        counts.skipped() + "",
        "time",
        seconds(scenario.durationMillis()),
        "timestamp",
        run.started().toString());
    xml.line();
    properties(run);
    if (counts.hasOwnCase()) {
      own(scenario);
    }
    scenario.expectations().forEach(expectation -> expectation(scenario, expectation));
    scenario.negativeControls().forEach(control -> control(scenario, control));
    xml.close().line();
  }

  private void properties(RunVerdict run) {
    xml.open("properties").line();
    xml.empty("property", "name", "seed", "value", run.seed() + "").line();
    xml.empty("property", "name", "replay", "value", run.replay()).line();
    xml.close().line();
  }

  private void own(ScenarioVerdict scenario) {
    testcase(scenario, "scenario").line();
    switch (scenario.result()) {
      case SKIPPED -> xml.empty("skipped", "message", scenario.reason()).line();
      case ABORTED -> xml.empty("error", "type", "aborted", "message", scenario.reason()).line();
      case FAILED -> xml.empty("failure", "type", "failed", "message", scenario.reason()).line();
      case PASSED -> {}
    }
    xml.close().line();
  }

  private void expectation(ScenarioVerdict scenario, ExpectationVerdict expectation) {
    testcase(scenario, expectation.id()).line();
    String detail =
        expectation.says()
            + "\nwindow:   "
            + expectation.window()
            + "\nobserved: "
            + expectation.observed()
            + "\nexpected: "
            + expectation.expected();
    switch (expectation.result()) {
      case PASSED -> xml.leaf("system-out", detail).line();
      case FAILED ->
          xml.leaf("failure", detail, "type", "expectation", "message", message(expectation))
              .line();
      case SKIPPED -> xml.empty("skipped", "message", expectation.observed()).line();
      case ABORTED ->
          xml.leaf("error", detail, "type", "aborted", "message", message(expectation)).line();
    }
    xml.close().line();
  }

  private void control(ScenarioVerdict scenario, ControlVerdict control) {
    testcase(scenario, "control: " + control.name()).line();
    String detail =
        control.says()
            + "\nnoticed by: "
            + Words.names(control.by())
            + "\nobserved:   "
            + control.observed();
    if (control.caught()) {
      xml.leaf("system-out", detail).line();
    } else {
      xml.leaf(
              "failure",
              detail,
              "type",
              "control",
              "message",
              "the mesh was broken on purpose and " + Words.names(control.by()) + " did not fail")
          .line();
    }
    xml.close().line();
  }

  private Markup testcase(ScenarioVerdict scenario, String name) {
    return xml.open(
        "testcase", "classname", "refmesh." + scenario.name(), "name", name, "time", "0.000");
  }

  private static String message(ExpectationVerdict expectation) {
    return "observed " + expectation.observed() + "; expected " + expectation.expected();
  }

  private static String seconds(long millis) {
    return String.format(Locale.ROOT, "%.3f", millis / 1000.0);
  }

  /** What the attributes of a suite count. */
  private record Counts(int tests, int failures, int errors, int skipped, boolean hasOwnCase) {

    static final Counts NONE = new Counts(0, 0, 0, 0, false);

    static Counts of(ScenarioVerdict scenario) {
      int failures =
          with(scenario, Result.FAILED)
              + (int) Words.matching(scenario.negativeControls(), c -> !c.caught());
      int tests = scenario.expectations().size() + scenario.negativeControls().size();
      Counts cases =
          new Counts(
              tests,
              failures,
              with(scenario, Result.ABORTED),
              with(scenario, Result.SKIPPED),
              false);
      return switch (scenario.result()) {
        case ABORTED -> cases.plus(new Counts(1, 0, 1, 0, true));
        case SKIPPED -> cases.plus(new Counts(1, 0, 0, 1, true));
        case FAILED -> failures == 0 ? cases.plus(new Counts(1, 1, 0, 0, true)) : cases;
        case PASSED -> cases;
      };
    }

    Counts plus(Counts other) {
      return new Counts(
          tests + other.tests,
          failures + other.failures,
          errors + other.errors,
          skipped + other.skipped,
          hasOwnCase || other.hasOwnCase);
    }

    private static int with(ScenarioVerdict scenario, Result result) {
      return (int) Words.matching(scenario.expectations(), e -> e.result() == result);
    }
  }
}
