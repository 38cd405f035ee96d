package io.refmesh.testkit.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That fuzzing bites, and that a run which fuzzed nothing does not pass. */
public class JazzerTest {

  @Tag("fuzz")
  @Test
  void findsAPlantedFaultKeepsItsInputAndSaysHowToRunItAgain(
      @TempDir Path folder, @TempDir Path reached) throws Exception {
    Files.writeString(folder.resolve("one"), "GET / HTTP/1.1\r\n\r\n");

    Map<String, Fuzz> targets =
        Map.of("planted", new Fuzz(folder, () -> 0, JazzerTest::fuzzerTestOneInput));

    assertThatThrownBy(() -> new Jazzer(JazzerTest.class, targets, reached).run("planted", 60))
        .isInstanceOf(AssertionError.class)
        .hasMessageContainingAll(
            "again by: make fuzz TARGET=planted", "IllegalStateException: planted");

    Path found =
        Jazzer.files(folder).stream()
            .filter(file -> file.getFileName().toString().startsWith("found-crash-"))
            .findFirst()
            .orElseThrow();
    assertThatThrownBy(() -> fuzzerTestOneInput(Files.readAllBytes(found)))
        .hasMessageContaining("planted");
    assertThat(reached).isDirectoryContaining("glob:**/Crash_*.java");
  }

  /** Where Jazzer begins: there is nothing to replay. */
  public static void fuzzerInitialize() {}

  /** A fault behind a word that no random change of the input would spell. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (new String(input, StandardCharsets.ISO_8859_1).startsWith("mesh-planted/1 ")) {
      throw new IllegalStateException("planted");
    }
  }

  @Test
  void readsWhatARunWasWorth() {
    Jazzer.Run run =
        Jazzer.Run.read(
            "x",
            3,
            List.of(
                "#7\tINITED cov: 40 ft: 44 corp: 3/1b exec/s: 0 rss: 562Mb",
                "#5120\tDONE   cov: 61 ft: 80 corp: 9/8b lim: 14 exec/s: 0 rss: 562Mb",
                "Done 5120 runs in 6 second(s)"));

    assertThat(run).isEqualTo(new Jazzer.Run("x", 3, 5120, 61));
  }

  @Test
  void aRunWithNothingButTheInputsFails() {
    assertThatThrownBy(() ->
            Jazzer.Run.read(
                "x",
                3,
                List.of("#5\tDONE   cov: 61 ft: 80 corp: 9/8b", "Done 5 runs in 1 second(s)")))
        .hasMessageContaining("expected: runs beyond the inputs");
    assertThatThrownBy(() -> Jazzer.Run.read("x", 3, List.of()))
        .hasMessageContaining("expected: runs beyond the inputs");
  }

  @Test
  void aRunWithoutGuidanceFails() {
    assertThatThrownBy(() ->
            Jazzer.Run.read(
                "x",
                3,
                List.of("#900\tDONE   cov: 0 ft: 0 corp: 1/1b", "Done 900 runs in 1 second(s)")))
        .hasMessageContaining("or nothing guides it");
  }
}
