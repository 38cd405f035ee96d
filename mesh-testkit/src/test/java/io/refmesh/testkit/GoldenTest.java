package io.refmesh.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoldenTest {

  @Test
  void comparesWithWhatWasWritten(@TempDir Path folder) {
    Path file = folder.resolve("cases/a.txt");
    Golden.assertMatches(file, "one\n", true);

    assertThatCode(() -> Golden.assertMatches(file, "one\n", false)).doesNotThrowAnyException();
    assertThatThrownBy(() -> Golden.assertMatches(file, "two\n", false))
        .hasMessageContaining("-Dgolden.update");
  }

  @Test
  void saysHowToWriteAFileThatIsMissing(@TempDir Path folder) {
    assertThatThrownBy(() -> Golden.assertMatches(folder.resolve("b.txt"), "", false))
        .hasMessageContaining("-Dgolden.update");
  }
}
