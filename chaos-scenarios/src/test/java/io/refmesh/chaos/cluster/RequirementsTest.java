package io.refmesh.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RequirementsTest {

  private final FakeEngine engine = new FakeEngine();
  private final Requirements requirements = new Requirements(engine);

  @Test
  void anEngineWithTooLittleMemoryIsRefused() throws IOException {
    requirements.memory();
    engine.memory = 2L << 30;

    assertThatThrownBy(requirements::memory)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("has 2.0 GiB of memory (expected: 6 or more)")
        .hasMessageContaining("--environment local");
  }

  @Test
  void anImageThatIsNotHereIsPulled() throws IOException {
    engine.registry.add(OneNode.IMAGE);

    requirements.pulled(List.of(OneNode.IMAGE));

    assertThat(engine.images).containsKey(OneNode.IMAGE);
  }

  @Test
  void anImageThatCannotBePulledIsRefusedWithTheReason() {
    assertThatThrownBy(() -> requirements.pulled(List.of(OneNode.IMAGE)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("kindest/node:v1.34.0 is not here and could not be pulled")
        .hasMessageContaining("no registry answers")
        .hasMessageContaining("docker load");
  }

  @Test
  void imagesOfOursThatWereNotBuiltAreNamed() {
    engine.images.put("refmesh/proxy:1", "sha256:1");

    assertThatThrownBy(() -> requirements.built(List.of("refmesh/proxy:1", "refmesh/e2e:1")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("there is no image refmesh/e2e:1")
        .hasMessageContaining("make images");
  }
}
