package io.refmesh.proxy.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class BackoffTest {

  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);

  @Test
  void staysWithinABoundThatDoublesUpToTheMost() {
    Backoff backoff = Backoff.of(Duration.ofMillis(25), Duration.ofMillis(250));
    long[] bounds = {25, 50, 100, 200, 250, 250};
    for (int retry = 1; retry <= bounds.length; retry++) {
      long most = 0;
      for (int i = 0; i < 1000; i++) {
        long nanos = backoff.nanos(retry, random);
        assertThat(nanos).isBetween(0L, Duration.ofMillis(bounds[retry - 1]).toNanos());
        most = Math.max(most, nanos);
      }
      assertThat(most).isGreaterThan(Duration.ofMillis(bounds[retry - 1]).toNanos() * 9 / 10);
    }
  }

  @Test
  void survivesAnyNumberOfRetries() {
    Backoff backoff = Backoff.of(Duration.ofMillis(25), Duration.ofMillis(250));
    assertThat(backoff.nanos(1000, random)).isBetween(0L, 250_000_000L);
    assertThat(Backoff.of(Duration.ZERO, Duration.ZERO).nanos(1, random)).isZero();
  }
}
