package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.ControlVerdict;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.RunVerdict;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code verdict.json}: for programs, so its names only ever grow in number. */
final class VerdictJson {

  private VerdictJson() {}

  static String of(RunVerdict run) {
    ObjectNode root = JsonMapper.shared().createObjectNode();
    root.put("environment", run.environment());
    if (!run.versions().isEmpty()) {
      ObjectNode versions = root.putObject("versions");
      run.versions().forEach(versions::put);
    }
    root.put("seed", run.seed());
    root.put("passed", run.passed());
    root.put("started", run.started().toString());
    root.put("durationMillis", run.durationMillis());
    root.put("replay", run.replay());
    ArrayNode scenarios = root.putArray("scenarios");
    run.scenarios().forEach(scenario -> scenario(scenarios.addObject(), scenario));
    DefaultIndenter lines = new DefaultIndenter("  ", "\n");
    return JsonMapper.shared()
            .writer()
            .with(new DefaultPrettyPrinter().withObjectIndenter(lines).withArrayIndenter(lines))
            .writeValueAsString(root)
        + "\n";
  }

  private static void scenario(ObjectNode node, ScenarioVerdict scenario) {
    node.put("name", scenario.name());
    node.put("title", scenario.title());
    node.put("result", scenario.result().text());
    node.put("reason", scenario.reason());
    node.put("durationMillis", scenario.durationMillis());
    ArrayNode expectations = node.putArray("expectations");
    scenario
        .expectations()
        .forEach(expectation -> expectation(expectations.addObject(), expectation));
    ArrayNode controls = node.putArray("negativeControls");
    scenario.negativeControls().forEach(control -> control(controls.addObject(), control));
  }

  private static void expectation(ObjectNode node, ExpectationVerdict expectation) {
    node.put("id", expectation.id());
    node.put("says", expectation.says());
    node.put("window", expectation.window());
    node.put("result", expectation.result().text());
    node.put("observed", expectation.observed());
    node.put("expected", expectation.expected());
  }

  private static void control(ObjectNode node, ControlVerdict control) {
    node.put("name", control.name());
    node.put("says", control.says());
    node.put("result", control.caught() ? "caught" : "missed");
    node.put("by", control.by());
    node.put("observed", control.observed());
  }
}
