package io.refmesh.proxy.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LoadEstimateTest {

  private static final long SECOND = 1_000_000_000L;
  private static final long MILLI = 1_000_000L;

  private final LoadEstimate load = new LoadEstimate(0);

  @Test
  void startsAt30Millis() {
    assertThat(load.latencyNanos(0)).isEqualTo(30.0 * MILLI);
  }

  @Test
  void countsASlowAnswerAtOnce() {
    load.answered(500 * MILLI, SECOND);
    assertThat(load.latencyNanos(SECOND)).isEqualTo(500.0 * MILLI);
  }

  @Test
  void comesDownOverTenSeconds() {
    load.answered(500 * MILLI, 0);
    load.answered(10 * MILLI, 10 * SECOND);
    double e = Math.exp(-1);
    assertThat(load.latencyNanos(10 * SECOND) / MILLI)
        .isCloseTo(500 * e + 10 * (1 - e), within(0.01));
  }

  @Test
  void forgetsWhileNothingIsSent() {
    load.answered(500 * MILLI, 0);
    assertThat(load.latencyNanos(60 * SECOND)).isLessThan(2.0 * MILLI);
  }

  @Test
  void growsWithWhatIsPending() {
    double idle = load.load(0);
    load.begin();
    load.begin();
    assertThat(load.load(0)).isEqualTo(3 * idle);
    load.end();
    load.end();
    assertThat(load.load(0)).isEqualTo(idle);
  }

  @Test
  void isNotMadeAttractiveByFastFailures() {
    load.failed(MILLI, 0);
    assertThat(load.latencyNanos(0)).isEqualTo(30.0 * MILLI);
  }
}
