package io.refmesh.proxy.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.testkit.Seed;
import io.refmesh.testkit.Seeds;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class GcraTest {

  private static final long SECOND = 1_000_000_000;

  @Test
  void takesABurstAndThenKeepsToTheRate() {
    Gcra gcra = new Gcra(5, 3, 7);

    assertThat(gcra.tryTake(7)).isZero();
    assertThat(gcra.tryTake(7)).isZero();
    assertThat(gcra.tryTake(7)).isZero();
    assertThat(gcra.tryTake(7)).as("a fifth of a second").isEqualTo(SECOND / 5);
    assertThat(gcra.tryTake(6 + SECOND / 5)).as("a nanosecond early").isEqualTo(1);
    assertThat(gcra.tryTake(7 + SECOND / 5)).isZero();
    assertThat(gcra.tryTake(7 + SECOND / 5)).isEqualTo(SECOND / 5);
  }

  @Test
  void roundsNothingOverAnHourAtARateThatDoesNotDivideASecond() {
    Gcra gcra = new Gcra(7, 1, 0);
    long taken = 0;
    for (long now = 0; now < 3600 * SECOND; ) {
      long wait = gcra.tryTake(now);
      if (wait == 0) {
        taken++;
      }
      now += wait;
    }
    assertThat(taken).isEqualTo(7 * 3600);
  }

  @Test
  void forgetsARequestThatDidNotGoOn() {
    Gcra gcra = new Gcra(1, 1, 0);
    assertThat(gcra.tryTake(0)).isZero();
    gcra.giveBack();
    assertThat(gcra.tryTake(0)).isZero();
    assertThat(gcra.tryTake(0)).isEqualTo(SECOND);
  }

  @Test
  void isIdleOnceEverythingIsPaidOff() {
    Gcra gcra = new Gcra(2, 5, 0);
    assertThat(gcra.idle(0)).isTrue();
    gcra.tryTake(0);
    assertThat(gcra.idle(SECOND / 2 - 1)).isFalse();
    assertThat(gcra.idle(SECOND / 2)).isTrue();
  }

  @Test
  void standsAClockThatAnotherLoopReadEarlier() {
    Gcra gcra = new Gcra(1, 1, 0);
    assertThat(gcra.tryTake(10 * SECOND)).isZero();
    assertThat(gcra.tryTake(9 * SECOND)).isEqualTo(SECOND);
    assertThat(gcra.tryTake(11 * SECOND)).isZero();
  }

  /** In any window, however it lies: no more than the burst and what the rate allows meanwhile. */
  @Seeds(30)
  void neverTakesMoreThanTheRateAllows(Seed seed) {
    RandomGenerator random = seed.random();
    int perSecond = random.nextInt(1, 100_000);
    int burst = random.nextInt(1, 50);
    Gcra gcra = new Gcra(perSecond, burst, 0);
    long[] taken = new long[2_000];
    int count = 0;
    long now = 0;
    while (count < taken.length) {
      now += random.nextLong(4 * SECOND / perSecond + 1);
      if (gcra.tryTake(now) == 0) {
        taken[count++] = now;
      }
    }
    for (int from = 0; from < count; from += 37) {
      for (int to = from; to < count; to++) {
        long passed = taken[to] - taken[from];
        assertThat((to - from + 1L - burst) * SECOND)
            .as("requests %d to %d, %d ns", from, to, passed)
            .isLessThanOrEqualTo(passed * perSecond);
      }
    }
  }
}
