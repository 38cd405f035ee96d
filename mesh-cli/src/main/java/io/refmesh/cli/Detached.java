package io.refmesh.cli;

import io.refmesh.local.Progress;
import io.refmesh.local.StateFolder;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts {@code mesh up} as a process of its own and waits until it says that everything is ready.
 */
final class Detached {

  private static final int LOOK_EVERY_MILLIS = 100;

  private final RefmeshHome home;
  private final Path folder;
  private final Path state;
  private final boolean netns;

  Detached(RefmeshHome home, Path folder, Path state, boolean netns) {
    this.netns = netns;
    this.home = home;
    this.folder = folder.toAbsolutePath().normalize();
    this.state = state;
  }

  /**
   * 0 once every workload is ready; otherwise the exit code of the other process, whose words are
   * repeated.
   */
  int start(Progress progress) throws IOException, InterruptedException {
    StateFolder stateFolder = StateFolder.create(state);
    Path log = stateFolder.log("mesh");
    Files.deleteIfExists(log);
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(Path.of("/usr/bin/setsid"))) {
      // A session of its own: Ctrl-C in the terminal that started it is not meant for it.
      command.add("/usr/bin/setsid");
    }
    command.add(home.directory().resolve("bin").resolve("mesh").toString());
    command.addAll(List.of("up", "-f", folder.toString(), "--state", state.toString()));
    if (netns) {
      command.add("--netns");
    }
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
            .redirectOutput(log.toFile())
            .start();
    while (true) {
      if (isReady(stateFolder, process)) {
        progress.say(Files.readString(log, StandardCharsets.UTF_8).strip());
        return ExitCode.PASSED;
      }
      if (!process.isAlive()) {
        progress.say(Files.readString(log, StandardCharsets.UTF_8).strip());
        return process.exitValue() == ExitCode.PASSED ? ExitCode.FAILED : process.exitValue();
      }
      Thread.sleep(LOOK_EVERY_MILLIS);
    }
  }

  private static boolean isReady(StateFolder state, Process process) {
    try {
      StateFolder.MeshFile mesh = state.readMesh();
      return mesh.supervisorPid() == process.pid() && mesh.phase().equals("ready");
    } catch (IOException | RuntimeException e) {
      // Not written yet.
      return false;
    }
  }
}
