package io.refmesh.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class NodeImagesTest {

  private static final String IMPORT =
      "ctr --namespace=k8s.io images import --digests --snapshotter=native -";

  private final FakeEngine engine = new FakeEngine();
  private final Engine.Container node = FakeEngine.container("node", Map.of());
  private final NodeImages images = new NodeImages(engine);

  NodeImagesTest() {
    engine.images.put("a:1", "sha256:a");
    engine.images.put("b:1", "sha256:b");
    engine.images.put("c:1", "sha256:c");
    engine.programs.put(
        "containerd config dump", new Engine.Said(0, "[cri]\n    snapshotter = \"native\"\n"));
    engine.programs.put("crictl inspecti a:1", inspected("sha256:a"));
    engine.programs.put("crictl inspecti b:1", inspected("sha256:older"));
    engine.programs.put(IMPORT, new Engine.Said(0, ""));
  }

  private static Engine.Said inspected(String id) {
    return new Engine.Said(0, "{\"status\":{\"id\":\"" + id + "\"}}");
  }

  @Test
  void onlyWhatTheNodeLacksIsBrought() throws Exception {
    assertThat(images.load(List.of(node), List.of("a:1", "b:1", "c:1")))
        .containsExactly("b:1", "c:1");
    assertThat(engine.ran).endsWith("node: " + IMPORT);
    assertThat(engine.read).endsWith("b:1 c:1");
  }

  @Test
  void aNodeThatHasAllIsLeftAlone() throws Exception {
    assertThat(images.load(List.of(node), List.of("a:1"))).isEmpty();
    assertThat(engine.ran).containsExactly("node: crictl inspecti a:1");
  }

  @Test
  void aNodeThatTakesNoneIsToldWithWhatItSaid() {
    engine.programs.put(IMPORT, new Engine.Said(1, "no space left on device"));

    assertThatThrownBy(() -> images.load(List.of(node), List.of("c:1")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the node node did not take c:1: no space left on device");
  }
}
