package io.refmesh.proxy.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings.Ejection;
import io.refmesh.proxy.endpoint.EndpointHealth.State;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.scripted.TestLoop;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.testkit.acceptance.Acceptance;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class EndpointHealthTest {

  private static final Ejection NO_JITTER =
      new Ejection(
          7, 80, Duration.ofSeconds(10), 5, Duration.ofSeconds(1), Duration.ofSeconds(60), 0, 50);
  private static final Ejection ONLY_CONSECUTIVE =
      new Ejection(
          7, 0, Duration.ofSeconds(10), 5, Duration.ofSeconds(1), Duration.ofSeconds(60), 50, 50);

  private final TestLoop loop = new TestLoop();
  private final EjectionLimit limit = new EjectionLimit();

  EndpointHealthTest() {
    limit.resize(2, 50);
  }

  @Test
  void ejectsAfterSevenConsecutiveFailures() {
    EndpointHealth health = health(ONLY_CONSECUTIVE);
    fail(health, 6);
    assertThat(health.admits()).isTrue();
    fail(health, 1);

    assertThat(health.admits()).isFalse();
    assertThat(health.snapshot().reason()).isEqualTo("7 consecutive failures");
    assertThat(health.snapshot().nextProbe())
        .hasValueSatisfying(
            in -> assertThat(in).isBetween(Duration.ofSeconds(1), Duration.ofMillis(1500)));
    assertThat(loop.metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "10.0.0.1:8080").value())
        .isEqualTo(1);
    assertThat(gauge("ejected")).isEqualTo(1);
    assertThat(gauge("admitting")).isZero();
  }

  @Test
  void beginsToCountAnewAfterASuccess() {
    EndpointHealth health = health(ONLY_CONSECUTIVE);
    fail(health, 6);
    record(health, Verdict.SUCCESS);
    fail(health, 6);
    assertThat(health.admits()).isTrue();
  }

  @Test
  void ejectsWhenTooFewSucceed() {
    EndpointHealth health = health(NO_JITTER);
    record(health, Verdict.FAILURE);
    record(health, Verdict.SUCCESS);
    record(health, Verdict.SUCCESS);
    record(health, Verdict.SUCCESS);
    record(health, Verdict.SUCCESS);
    assertThat(health.admits()).as("80% of 5").isTrue();
    record(health, Verdict.FAILURE);
    assertThat(health.admits()).as("66% of 6").isFalse();
    assertThat(health.snapshot().reason()).contains("66% of 6 requests");
  }

  @Test
  @Acceptance(72)
  void ejectsByItsSuccessRateWhatAsksForLess() {
    EndpointHealth inARow = health(ONLY_CONSECUTIVE);
    for (int i = 0; i < 20; i++) {
      record(inARow, Verdict.THROTTLED);
    }
    assertThat(inARow.admits()).as("429 is no failure in a row").isTrue();

    EndpointHealth byRate = health(NO_JITTER);
    for (Verdict verdict :
        List.of(Verdict.SUCCESS, Verdict.SUCCESS, Verdict.THROTTLED, Verdict.SUCCESS)) {
      record(byRate, verdict);
    }
    assertThat(byRate.admits()).as("4 requests say nothing").isTrue();
    record(byRate, Verdict.THROTTLED);
    assertThat(byRate.admits()).as("60% of 5").isFalse();
    assertThat(loop.metrics.scrape())
        .contains(
            "endpoint_backoff_ms{reason=\"success-rate\",target_addr=\"10.0.0.1:8080\"} 1000.0");
  }

  @Test
  @Acceptance(74)
  void ejectsAfterSevenCallsThatWerePermittedToNobody() {
    EndpointHealth health = health(ONLY_CONSECUTIVE);
    for (int i = 0; i < 7; i++) {
      record(health, Verdict.of(new Outcome.Answered(200, 7)));
    }
    assertThat(health.snapshot().reason()).isEqualTo("7 consecutive failures");
  }

  @Test
  void saysNothingAboutFewRequests() {
    EndpointHealth health = health(NO_JITTER);
    record(health, Verdict.SUCCESS);
    fail(health, 3);
    assertThat(health.admits()).isTrue();
    fail(health, 1);
    assertThat(health.admits()).isFalse();
  }

  @Test
  void leavesTheJudgementToConsecutiveFailuresWhereNothingSucceeds() {
    EndpointHealth health = health(NO_JITTER);
    fail(health, 6);
    assertThat(health.admits()).isTrue();
    fail(health, 1);
    assertThat(health.snapshot().reason()).isEqualTo("7 consecutive failures");
  }

  @Test
  void forgetsFailuresThatAreOlderThanTheWindow() {
    EndpointHealth health = health(NO_JITTER);
    for (int i = 0; i < 20; i++) {
      record(health, Verdict.FAILURE);
      record(health, Verdict.SUCCESS);
      loop.advance(Duration.ofSeconds(4));
    }
    assertThat(health.admits()).as("at most 3 pairs in 10 s").isFalse();
    EndpointHealth rare = health(NO_JITTER);
    for (int i = 0; i < 20; i++) {
      record(rare, Verdict.FAILURE);
      record(rare, Verdict.SUCCESS);
      loop.advance(Duration.ofSeconds(6));
    }
    assertThat(rare.admits()).as("at most 4 requests in 10 s").isTrue();
  }

  @Test
  void letsExactlyOneProbeThroughAtATime() {
    EndpointHealth health = ejected(NO_JITTER);
    assertThat(health.tryProbe(loop.nanos())).isFalse();
    loop.advanceMillis(1000);
    assertThat(health.tryProbe(loop.nanos())).isTrue();
    assertThat(health.tryProbe(loop.nanos())).isFalse();
    assertThat(health.snapshot().state()).isEqualTo(State.PROBING);
  }

  @Test
  @Acceptance(70)
  void returnsAtOnceAfterAProbeThatSucceeded() {
    EndpointHealth health = ejected(NO_JITTER);
    loop.advanceMillis(1000);
    health.tryProbe(loop.nanos());
    health.record(Verdict.SUCCESS, true, loop.nanos());

    assertThat(health.admits()).isTrue();
    assertThat(limit.ejected()).isZero();
    fail(health, 4);
    assertThat(health.admits()).as("what was before the ejection is forgotten").isTrue();
  }

  @Test
  void doublesTheBackOffWithEachFailedProbeUpToTheMost() {
    EndpointHealth health = ejected(NO_JITTER);
    long[] seconds = {1, 2, 4, 8, 16, 32, 60, 60};
    for (long expected : seconds) {
      assertThat(health.snapshot().nextProbe()).contains(Duration.ofSeconds(expected));
      loop.advance(Duration.ofSeconds(expected));
      assertThat(health.tryProbe(loop.nanos())).isTrue();
      health.record(Verdict.FAILURE, true, loop.nanos());
    }
    assertThat(health.snapshot().reason()).endsWith("then failed probes: 8");
    assertThat(loop.metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "10.0.0.1:8080").value())
        .as("a failed probe is no new ejection")
        .isEqualTo(1);
  }

  @Test
  @Acceptance(70)
  void beginsWithTheBaseAgainAfterItsReturn() {
    EndpointHealth health = ejected(NO_JITTER);
    loop.advanceMillis(1000);
    health.tryProbe(loop.nanos());
    health.record(Verdict.FAILURE, true, loop.nanos());
    loop.advanceMillis(2000);
    health.tryProbe(loop.nanos());
    health.record(Verdict.SUCCESS, true, loop.nanos());
    fail(health, 7);
    assertThat(health.snapshot().nextProbe()).contains(Duration.ofSeconds(1));
  }

  @Test
  void takesAProbeThatSaysNothingForNone() {
    EndpointHealth health = ejected(NO_JITTER);
    loop.advanceMillis(1000);
    health.tryProbe(loop.nanos());
    health.record(Verdict.NONE, true, loop.nanos());
    assertThat(health.snapshot().state()).isEqualTo(State.EJECTED);
    assertThat(health.tryProbe(loop.nanos())).as("the next one is due at once").isTrue();
  }

  @Test
  void isNotChangedByTriesThatWereUnderWay() {
    EndpointHealth health = ejected(NO_JITTER);
    record(health, Verdict.SUCCESS);
    assertThat(health.admits()).isFalse();
    loop.advanceMillis(1000);
    health.tryProbe(loop.nanos());
    record(health, Verdict.FAILURE);
    record(health, Verdict.SUCCESS);
    assertThat(health.snapshot().state()).isEqualTo(State.PROBING);
  }

  @Test
  void doesNotEjectMoreThanTheLimit() {
    EndpointHealth one = health(ONLY_CONSECUTIVE);
    EndpointHealth other = health(ONLY_CONSECUTIVE);
    fail(one, 7);
    fail(other, 20);
    assertThat(one.admits()).isFalse();
    assertThat(other.admits()).isTrue();
    loop.advance(Duration.ofSeconds(2));
    one.tryProbe(loop.nanos());
    one.record(Verdict.SUCCESS, true, loop.nanos());
    fail(other, 1);
    assertThat(other.admits()).as("now there is room").isFalse();
  }

  @Test
  void neverEjectsTheOnlyEndpointUnlessTold() {
    limit.resize(1, 50);
    EndpointHealth only = health(ONLY_CONSECUTIVE);
    fail(only, 100);
    assertThat(only.admits()).isTrue();
    limit.resize(1, 100);
    fail(only, 1);
    assertThat(only.admits()).isFalse();
  }

  @Test
  void makesRoomWhenTheEndpointIsRemoved() {
    EndpointHealth health = ejected(ONLY_CONSECUTIVE);
    health.remove();
    health.remove();
    assertThat(limit.ejected()).isZero();
    assertThat(gauge("ejected")).isZero();
  }

  @Test
  @Acceptance(72)
  void judgesServerErrorsAndConnectionFailuresOnly() {
    assertThat(verdict(503)).isEqualTo(Verdict.FAILURE);
    assertThat(verdict(429)).isEqualTo(Verdict.THROTTLED);
    assertThat(verdict(404)).isEqualTo(Verdict.SUCCESS);
    assertThat(Verdict.of(new Outcome.Answered(200, 14))).isEqualTo(Verdict.FAILURE);
    assertThat(Verdict.of(new Outcome.Answered(200, 7))).isEqualTo(Verdict.FAILURE);
    assertThat(Verdict.of(new Outcome.Answered(200, 5))).isEqualTo(Verdict.SUCCESS);
    assertThat(Verdict.of(new Outcome.CallerGone(Progress.SENT))).isEqualTo(Verdict.NONE);
    assertThat(Verdict.of(Outcome.Failed.before(MeshError.CONNECT_FAILED, "")))
        .isEqualTo(Verdict.FAILURE);
    assertThat(Verdict.of(Outcome.Failed.before(MeshError.OVERLOADED, ""))).isEqualTo(Verdict.NONE);
  }

  private static Verdict verdict(int status) {
    return Verdict.of(new Outcome.Answered(status, -1));
  }

  private EndpointHealth ejected(Ejection settings) {
    EndpointHealth health = health(settings);
    fail(health, 7);
    assertThat(health.admits()).isFalse();
    return health;
  }

  private EndpointHealth health(Ejection settings) {
    return new EndpointHealth(
        "cart/0", "10.0.0.1:8080", settings, limit, loop.ticker, loop.random, loop.metrics);
  }

  private void fail(EndpointHealth health, int times) {
    for (int i = 0; i < times; i++) {
      record(health, Verdict.FAILURE);
    }
  }

  private void record(EndpointHealth health, Verdict verdict) {
    health.record(verdict, false, loop.nanos());
  }

  private long gauge(String state) {
    return loop.metrics.gauge(ProxyMetric.ENDPOINT_STATE, "10.0.0.1:8080", state).value();
  }
}
