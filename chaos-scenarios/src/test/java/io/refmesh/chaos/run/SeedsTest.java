package io.refmesh.chaos.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SeedsTest {

  @Test
  void theSameRunDrawsTheSameAndNobodyDrawsLikeAnother() {
    Set<Long> drawn = new HashSet<>();
    for (long run = 0; run < 100; run++) {
      Seeds seeds = new Seeds(run);
      for (String name : new String[] {"shop", "toxiproxy", "plan"}) {
        assertThat(seeds.of("scenario", name))
            .isEqualTo(new Seeds(run).of("scenario", name))
            .isNotNegative();
        drawn.add(seeds.of("scenario", name));
      }
    }
    assertThat(drawn).hasSize(300);
  }
}
