package io.refmesh.chaos.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.chaos.expect.Expression;
import io.refmesh.chaos.expect.Figures;
import io.refmesh.chaos.scenario.Expectation;
import io.refmesh.chaos.scenario.Expectation.Share;
import io.refmesh.chaos.scenario.Expectation.Window;
import io.refmesh.chaos.verdict.Result;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

final class JudgeTest {

  @Test
  void aShareMayBeOffByChanceAndTheVerdictSaysHowFar() {
    Judge.Judgement judgement =
        Judge.window(
            share(0.997),
            figures(Map.of("client.a.successRate", 0.9925, "client.a.requests", 1200.0)));
    assertThat(judgement.verdict().result()).isEqualTo(Result.PASSED);
    assertThat(judgement.verdict().expected())
        .contains("binomial tolerance for 1200 requests: at least 0.9");
    assertThat(
            Judge.window(
                    share(0.997),
                    figures(Map.of("client.a.successRate", 0.9, "client.a.requests", 1200.0)))
                .failed())
        .isTrue();
  }

  @Test
  void withoutRequestsThereIsNoShare() {
    Judge.Judgement judgement =
        Judge.window(
            share(0.5), figures(Map.of("client.a.successRate", 1.0, "client.a.requests", 0.0)));
    assertThat(judgement.failed()).isTrue();
    assertThat(judgement.known()).isFalse();
  }

  @Test
  void everyFigureIsShownWithItsUnit() {
    String that = "client.a.p99 <= 600ms and client.a.errors == 0 and client.a.errorRate < 0.5";
    Judge.Judgement judgement =
        Judge.window(
            exact(that),
            figures(
                Map.of(
                    "client.a.p99", 512.25, "client.a.errors", 3.0, "client.a.errorRate", 0.0123)));
    assertThat(judgement.verdict().observed())
        .isEqualTo("client.a.errorRate = 0.0123, client.a.errors = 3, client.a.p99 = 512.3 ms");
    assertThat(judgement.verdict().window()).isEqualTo("during, after its first 1500 ms");
  }

  private static Expectation share(double probability) {
    String that = "client.a.successRate >= " + probability;
    return new Expectation(
        "share",
        "",
        Window.DURING,
        Duration.ZERO,
        that,
        Expression.parseCondition(that),
        Optional.of(new Share("client.a.successRate", "client.a.requests", true, probability)),
        Optional.empty(),
        Optional.empty());
  }

  private static Expectation exact(String that) {
    return new Expectation(
        "exact",
        "",
        Window.DURING,
        Duration.ofMillis(1_500),
        that,
        Expression.parseCondition(that),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static Figures figures(Map<String, Double> values) {
    return name ->
        values.containsKey(name) ? OptionalDouble.of(values.get(name)) : OptionalDouble.empty();
  }
}
