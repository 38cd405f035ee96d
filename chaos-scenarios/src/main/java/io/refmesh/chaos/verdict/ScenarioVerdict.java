package io.refmesh.chaos.verdict;

import java.util.List;

/**
 * One scenario.
 *
 * @param story what it shows, one paragraph for people
 * @param reason why it was skipped or aborted, or which expectations failed; empty when it passed
 */
public record ScenarioVerdict(
    String name,
    String title,
    String story,
    Result result,
    String reason,
    long durationMillis,
    List<ExpectationVerdict> expectations,
    List<ControlVerdict> negativeControls,
    Timeline timeline) {

  public ScenarioVerdict {
    expectations = List.copyOf(expectations);
    negativeControls = List.copyOf(negativeControls);
  }
}
