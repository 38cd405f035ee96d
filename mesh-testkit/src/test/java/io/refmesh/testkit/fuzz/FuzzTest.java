package io.refmesh.testkit.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FuzzTest {

  @Test
  void feedsEachInputOfItsFolder(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("one"), "1");
    Files.writeString(folder.resolve("two"), "2");
    List<String> fed = new ArrayList<>();

    new Fuzz(folder, () -> 0, input -> fed.add(new String(input, StandardCharsets.UTF_8))).replay();

    assertThat(fed).containsExactly("1", "2");
  }

  @Test
  void namesTheInputThatIsNotSurvived(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("one"), "x");
    Fuzz fuzz =
        new Fuzz(
            folder,
            () -> 0,
            input -> {
              throw new IllegalStateException("planted");
            });

    assertThatThrownBy(fuzz::replay).hasMessageContainingAll(folder + "/one", "planted");
  }

  @Test
  void takesLongForAFinding(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("one"), "x");
    long[] now = {0};
    Fuzz fuzz = new Fuzz(folder, () -> now[0], input -> now[0] += 3_000_000_000L);

    assertThatThrownBy(fuzz::replay).hasMessageContaining("took more than 2 s");
  }

  @Test
  void needsInputsToBeginWith(@TempDir Path folder) {
    assertThatThrownBy(() -> new Fuzz(folder, () -> 0, input -> {}).replay())
        .hasMessageContaining("expected: inputs to begin with");
  }
}
