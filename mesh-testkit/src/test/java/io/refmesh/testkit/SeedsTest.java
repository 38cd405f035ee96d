package io.refmesh.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SeedsTest {

  @Seeds(4)
  void givesTheSameNumbersForTheSameSeed(Seed seed) {
    assertThat(seed.random().nextLong()).isEqualTo(seed.random().nextLong());
  }

  @Test
  void runsHalfOfTheSeedsEveryTimeAndHalfFresh() {
    assertThat(SeedSource.seeds(6, null)).hasSize(6).startsWith(0L, 1L, 2L);
    assertThat(SeedSource.seeds(6, null).skip(3).toArray())
        .isNotEqualTo(SeedSource.seeds(6, null).skip(3).toArray());
  }

  @Test
  void runsOneSeedWhenTold() {
    assertThat(SeedSource.seeds(6, 42L)).containsExactly(42L);
    assertThat(new Seed(42)).hasToString("seed 42 (again: -Dseed=42)");
  }
}
