package io.refmesh.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class LeftoversTest {

  private final FakeEngine engine = new FakeEngine();
  private final Owner living = Owner.current();
  private final Owner gone =
      new Owner(living.host(), living.pid(), living.startedEpochMillis() - 1);

  @Test
  void whatADeadProcessMadeIsRemovedAndNothingElse() throws Exception {
    Engine.Container mine = FakeEngine.container(living.name(), Map.of());
    Engine.Container theirs =
        FakeEngine.container("dev-control-plane", Map.of("io.x-k8s.kind.cluster", "dev"));
    engine.containers.add(mine);
    engine.containers.add(theirs);
    engine.containers.add(FakeEngine.container(gone.name(), Map.of()));
    engine.containers.add(
        FakeEngine.container("a-node", Map.of("io.x-k8s.kind.cluster", gone.name())));
    engine.volumes.add("kindcontainer-reuse-" + gone.name());
    engine.volumes.add("kindcontainer-reuse-" + living.name());
    engine.volumes.add("data");

    assertThat(Leftovers.sweep(engine))
        .containsExactly(gone.name(), "a-node", "volume kindcontainer-reuse-" + gone.name());
    assertThat(engine.containers).containsExactly(mine, theirs);
    assertThat(engine.volumes).containsExactly("kindcontainer-reuse-" + living.name(), "data");
  }

  @Test
  void aRunRemovesItsOwnAndNotThatOfAnother() throws Exception {
    engine.containers.add(FakeEngine.container(living.name(), Map.of()));
    engine.containers.add(FakeEngine.container(gone.name(), Map.of()));

    assertThat(Leftovers.of(living, engine)).containsExactly(living.name());
    assertThat(engine.containers).extracting(Engine.Container::name).containsExactly(gone.name());
  }
}
