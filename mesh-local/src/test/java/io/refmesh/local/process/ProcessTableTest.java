package io.refmesh.local.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcessTableTest {

  private static final Duration GRACE = Duration.ofSeconds(5);

  @TempDir private Path folder;

  @Test
  void stopsWhatAnEarlierOneStartedByItsHandle() throws Exception {
    Path file = folder.resolve("processes.json");
    ManagedProcess process = sleeper("orphan", new ProcessTable(file));
    assertThat(ProcessTable.stopAll(file, GRACE)).containsExactly("orphan");
    assertThat(process.awaitExit(GRACE)).isTrue();
    assertThat(ProcessTable.read(file)).isEmpty();
  }

  @Test
  void leavesAProcessAloneThatOnlyHasTheSamePid() throws Exception {
    Path file = folder.resolve("processes.json");
    Process stranger = new ProcessBuilder("sleep", "60").start();
    try {
      Files.writeString(
          file,
          "[{\"name\":\"old\",\"role\":\"sidecar\",\"pid\":"
              + stranger.pid()
              + ",\"startedEpochMillis\":1}]");
      assertThat(ProcessTable.stopAll(file, GRACE)).isEmpty();
      assertThat(stranger.isAlive()).isTrue();
    } finally {
      stranger.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
    }
  }

  @Test
  void forgetsAProcessThatEnded() throws Exception {
    Path file = folder.resolve("processes.json");
    ProcessTable table = new ProcessTable(file);
    ManagedProcess process = sleeper("short", table);
    assertThat(ProcessTable.read(file)).hasSize(1);
    process.stop(GRACE);
    assertThat(process.alive()).isFalse();
    assertThat(process.stopping()).isTrue();
    assertThat(ProcessTable.read(file)).isEmpty();
  }

  @Test
  void killsWhatDoesNotEndWhenAsked() throws Exception {
    ManagedProcess stubborn =
        ManagedProcess.start(
            "stubborn",
            "application",
            List.of("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"),
            Map.of(),
            folder,
            folder.resolve("log"),
            new ProcessTable(folder.resolve("processes.json")));
    while (Files.size(folder.resolve("log")) == 0) {
      assertThat(stubborn.alive()).isTrue();
      Thread.onSpinWait();
    }
    stubborn.stop(Duration.ofMillis(100));
    assertThat(stubborn.alive()).isFalse();
  }

  @Test
  void saysWhatCouldNotBeStarted() {
    assertThatThrownBy(() ->
            ManagedProcess.start(
                "shop/cart-0",
                "application",
                List.of("/no/such/program"),
                Map.of(),
                folder,
                folder.resolve("log"),
                new ProcessTable(folder.resolve("processes.json"))))
        .hasMessageContaining("shop/cart-0 could not be started")
        .hasMessageContaining("/no/such/program");
  }

  @Test
  void saysThatABrokenTableIsBroken() throws Exception {
    Path file = folder.resolve("processes.json");
    Files.writeString(file, "{");
    assertThatThrownBy(() -> ProcessTable.read(file))
        .hasMessageContaining("expected: a list of processes");
  }

  @Test
  void stopsAProcessAlsoWhenTheTableCannotBeWritten() throws Exception {
    Path gone = Files.createDirectory(folder.resolve("gone"));
    ManagedProcess process = sleeper("any", new ProcessTable(gone.resolve("processes.json")));
    Files.delete(gone.resolve("processes.json"));
    Files.delete(gone);
    process.stop(GRACE);
    assertThat(process.alive()).isFalse();
  }

  @Test
  void leavesNoProcessBehindThatIsInNoTable() {
    assertThatThrownBy(
            () -> sleeper("lost", new ProcessTable(folder.resolve("missing/processes.json"))))
        .hasMessageContaining("lost was stopped at once");
    assertThat(
            ProcessHandle.current()
                .children()
                .map(child -> child.onExit().orTimeout(5, TimeUnit.SECONDS)))
        .allSatisfy(ended -> assertThat(ended.join().isAlive()).isFalse());
  }

  private ManagedProcess sleeper(String name, ProcessTable table) throws Exception {
    return ManagedProcess.start(
        name,
        "application",
        List.of("sleep", "60"),
        Map.of(),
        folder,
        folder.resolve("log"),
        table);
  }
}
