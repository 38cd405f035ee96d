package io.refmesh.chaos.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.chaos.mesh.MeshInstance;
import io.refmesh.chaos.scenario.FaultPlan.Target;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class VictimsTest {

  private static final List<MeshInstance> RUNNING =
      List.of(
          instance("catalog-v1", 0),
          instance("catalog-v1", 1),
          instance("catalog-v1", 2),
          instance("catalog-v2", 0));

  private static final Target ONE = new Target(List.of("catalog-v1"), Optional.of(1));

  @Test
  void theSameSeedHitsTheSameWhateverTheOrderOfInstances() throws Exception {
    List<MeshInstance> reversed = new ArrayList<>(RUNNING);
    Collections.reverse(reversed);
    for (long seed = 0; seed < 20; seed++) {
      assertThat(Victims.draw(ONE, reversed, seed)).isEqualTo(Victims.draw(ONE, RUNNING, seed));
    }
  }

  @Test
  void otherSeedsHitOthers() throws Exception {
    Set<String> hit = new HashSet<>();
    for (long seed = 0; seed < 50; seed++) {
      hit.add(Victims.draw(ONE, RUNNING, seed).getFirst().name());
    }
    assertThat(hit)
        .containsExactlyInAnyOrder("shop/catalog-v1-0", "shop/catalog-v1-1", "shop/catalog-v1-2");
  }

  @Test
  void withoutACountAllAreHit() throws Exception {
    assertThat(
            Victims.draw(
                new Target(List.of("catalog-v1", "catalog-v2"), Optional.empty()), RUNNING, 1))
        .hasSize(4);
  }

  @Test
  void aTargetThatDoesNotRunIsRefused() {
    assertThatThrownBy(
            () -> Victims.draw(new Target(List.of("cart"), Optional.empty()), RUNNING, 1))
        .hasMessageContaining("no instance of workload cart runs");
  }

  private static MeshInstance instance(String workload, int replica) {
    return new MeshInstance(
        "shop", workload, replica, "127.0.0.1", "", "", Optional.empty(), Optional.empty(), true);
  }
}
