package io.refmesh.testkit.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.testkit.Seed;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FuzzTest {

  @Test
  void findsAPlantedFaultKeepsItsInputAndFindsItAgain(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("one"), "length=5 body=hello");
    Fuzz fuzz = new Fuzz(folder, System::nanoTime, FuzzTest::trustsItsLength);
    fuzz.replay();

    assertThatThrownBy(() -> fuzz.mutate(20_000, new Seed(1).random()))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("found-");

    assertThat(folder).isDirectoryContaining("glob:**/found-*");
    assertThatThrownBy(() -> new Fuzz(folder, System::nanoTime, FuzzTest::trustsItsLength).replay())
        .isInstanceOf(AssertionError.class);
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
    assertThatThrownBy(() -> new Fuzz(folder, System::nanoTime, input -> {}))
        .hasMessageContaining("expected: inputs to begin with");
  }

  private static void trustsItsLength(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    if (text.startsWith("length=") && text.length() > 14) {
      int length = Character.digit(text.charAt(7), 10);
      assertThat(text.substring(14, 14 + Math.max(0, length))).hasSize(Math.max(0, length));
    }
  }
}
