package io.refmesh.chaos.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScalesTest {

  @Test
  void marksTwosAndFivesOnAShortScale() {
    LogScale scale = LogScale.of(2.4, 40, 100, 0);

    assertThat(scale.ticks().stream().map(LogScale::label))
        .containsExactly("2 ms", "5 ms", "10 ms", "20 ms", "50 ms");
    assertThat(scale.y(2)).isEqualTo(100);
    assertThat(scale.y(50)).isEqualTo(0);
  }

  @Test
  void marksTensOnALongScale() {
    LogScale scale = LogScale.of(0.3, 12_000, 100, 0);

    assertThat(scale.ticks().stream().map(LogScale::label))
        .containsExactly("1 ms", "10 ms", "100 ms", "1 s", "10 s");
  }

  @Test
  void spansAtLeastAFactorOfTen() {
    LogScale scale = LogScale.of(5, 5, 100, 0);

    assertThat(scale.highest() / scale.lowest()).isEqualTo(10);
  }

  @Test
  void marksRoundSeconds() {
    TimeAxis axis = axis(1_300, 27_800);

    assertThat(axis.ticks())
        .containsExactly(
            2_000L, 4_000L, 6_000L, 8_000L, 10_000L, 12_000L, 14_000L, 16_000L, 18_000L, 20_000L,
            22_000L, 24_000L, 26_000L, 28_000L);
  }

  @Test
  void staysWithinThePictureAtEitherEnd() {
    TimeAxis axis = axis(1_300, 27_800);

    assertThat(axis.x(-5)).isEqualTo(10);
    assertThat(axis.x(1e9)).isEqualTo(110);
  }

  @Test
  void findsTheLatenciesThatExpectationsAllow() {
    ExpectationVerdict expectation =
        new ExpectationVerdict(
            "bounded",
            "",
            "during, after its first 1 s",
            Result.PASSED,
            "",
            "client.slow.p99 <= 600ms and client.export.p99 <= 600ms and client.other.max < 2s and client.x.p50 <= max(3 * before.client.x.p50, 50ms)");

    assertThat(Limit.in(List.of(expectation)))
        .containsExactly(
            new Limit(List.of("slow", "export"), "p99", 600, "during"),
            new Limit(List.of("other"), "max", 2_000, "during"));
  }

  @Test
  void readsFiguresButNotProse() {
    assertThat(
            Observed.in("mesh.a_total{x=1,reason=budget} = 12, client.a-b.p99 = 541.2 ms")
                .figures())
        .containsExactly(
            new Observed.Figure("mesh.a_total{x=1,reason=budget}", "12"),
            new Observed.Figure("client.a-b.p99", "541.2 ms"));
    assertThat(Observed.in("not known: x = 1").figures()).isEmpty();
    assertThat(Observed.in("a = 1, and more").figures()).isEmpty();
    assertThat(Observed.in("").figures()).isEmpty();
  }

  @Test
  void tellsFiguresBriefly() {
    assertThat(
            Observed.in(
                    "client.browse.successRate = 0.9985, server.pricing.maxCancelDelay = 556.3 ms,"
                        + " mesh.retry_skipped_total{reason=budget,workload=load} = 1043, client.a.p99 = not known")
                .figures()
                .stream()
                .map(Observed.Figure::brief))
        .containsExactly(
            "browse success rate 99.85 %",
            "pricing max cancel delay 556 ms", "retry skipped (budget) 1,043", "a p99 not known");
  }

  private static TimeAxis axis(long from, long to) {
    return TimeAxis.of(
        new Timeline(
            List.of(new Span("w", "real", from + 700, to)), List.of(), List.of(), List.of()),
        10,
        110);
  }
}
