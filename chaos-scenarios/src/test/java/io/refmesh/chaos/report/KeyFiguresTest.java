package io.refmesh.chaos.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import io.refmesh.chaos.verdict.Timeline;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeyFiguresTest {

  @Test
  void putsWhatFailedFirst() {
    assertThat(
            figures(
                expectation("fast", "during", Result.PASSED, "client.a.p99 = 12.3 ms"),
                expectation("whole", "during", Result.FAILED, "client.a.unfinished = 4")))
        .containsExactly("a unfinished 4", "a p99 12 ms");
  }

  @Test
  void dividesTheLoadOfAServiceByTheRequestsOfAllItsClients() {
    assertThat(
            figures(
                expectation(
                    "load",
                    "during",
                    Result.PASSED,
                    "client.browse.requests = 1200, client.post.requests = 240, server.catalog.requests = 1584")))
        .containsExactly("load of catalog 1.10\u00d7");
  }

  @Test
  void dividesNothingByNothing() {
    assertThat(
            figures(
                expectation(
                    "load",
                    "during",
                    Result.FAILED,
                    "client.browse.requests = 0, server.catalog.requests = 0")))
        .hasSize(1)
        .noneMatch(text -> text.contains("NaN"));
  }

  @Test
  void passesOverWhatEveryScenarioExpects() {
    assertThat(
            figures(
                expectation("steady-state", "warm-up", Result.PASSED, "after 900 ms"),
                expectation("healthy", "before", Result.PASSED, "client.a.errors = 0"),
                expectation("healed", "after", Result.PASSED, "client.a.errors = 1"),
                expectation("refused", "during", Result.PASSED, "client.a.status.403 = 350"),
                expectation("counters-agree", "all", Result.PASSED, "a requests 12")))
        .containsExactly("a status 403 350", "a errors 1");
  }

  @Test
  void tellsAFailureOfWhatEveryScenarioExpects() {
    assertThat(
            figures(expectation("steady-state", "warm-up", Result.FAILED, "not within 15000 ms")))
        .containsExactly("steady-state not within 15.0 s");
  }

  private static List<String> figures(ExpectationVerdict... expectations) {
    return KeyFigures.of(
        new ScenarioVerdict(
            "s", "", "", Result.FAILED, "", 0, List.of(expectations), List.of(), Timeline.EMPTY));
  }

  private static ExpectationVerdict expectation(
      String id, String window, Result result, String observed) {
    return new ExpectationVerdict(id, "", window, result, observed, "");
  }
}
