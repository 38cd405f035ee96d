package io.refmesh.chaos.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.local.process.ProcessTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OutFolderTest {

  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  @TempDir private Path out;

  @Test
  void theNewestRunIsTheLatestWhileItRuns() throws Exception {
    try (OutFolder first = OutFolder.create(out, NOW, 7, new ArrayList<>())) {
      assertThat(first.directory()).isEqualTo(out.resolve("20260102-030405-7"));
    }
    try (OutFolder second = OutFolder.create(out, NOW.plusSeconds(1), 8, new ArrayList<>())) {
      assertThat(out.resolve("latest").toRealPath()).isEqualTo(second.directory().toRealPath());
    }
  }

  @Test
  void twoRunsDoNotShareAFolder() throws Exception {
    try (OutFolder ignored = OutFolder.create(out, NOW, 7, new ArrayList<>())) {
      // The lock belongs to the process, so a second one of the same process is refused by the JVM
      // itself.
      assertThatThrownBy(() -> OutFolder.create(out, NOW, 8, new ArrayList<>()))
          .isInstanceOfAny(
              OutFolder.UnusableException.class,
              java.nio.channels.OverlappingFileLockException.class);
    }
  }

  @Test
  void aFolderThatCannotBeMadeIsNamedWithWhatToDo() throws Exception {
    Path file = Files.writeString(out.resolve("file"), "");
    assertThatThrownBy(() -> OutFolder.create(file.resolve("below"), NOW, 7, new ArrayList<>()))
        .isInstanceOf(OutFolder.UnusableException.class)
        .hasMessageContaining("cannot write to " + file.resolve("below"))
        .hasMessageContaining("--out");
  }

  @Test
  void whatAKilledRunLeftIsStopped() throws Exception {
    Path state = Files.createDirectories(out.resolve("earlier/mesh/default/state"));
    Files.writeString(Files.createDirectories(state.resolve("logs")).resolve("cart.log"), "");
    Files.createDirectories(out.resolve("earlier/logs"));
    Process left = new ProcessBuilder("sleep", "60").start();
    try {
      new ProcessTable(state.resolve("processes.json")).add("left", "application", left.toHandle());
      List<String> leftovers = new ArrayList<>();
      OutFolder.create(out, NOW, 7, leftovers).close();
      assertThat(leftovers).containsExactly("left");
      assertThat(left.waitFor(5, TimeUnit.SECONDS)).isTrue();
      assertThat(out.resolve("earlier/mesh")).doesNotExist();
      assertThat(out.resolve("earlier/logs/default/cart.log")).exists();
    } finally {
      left.destroyForcibly();
    }
  }
}
