package io.refmesh.local;

import io.refmesh.local.network.Namespaces;
import io.refmesh.local.process.ProcessTable;
import io.refmesh.local.process.ProcessTable.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Stops a mesh from outside: asks the one who started it; what is left after a crash is stopped by
 * its handle.
 */
public final class MeshDown {

  private static final int SUPERVISOR_WITHIN_SECONDS = 30;

  private MeshDown() {}

  /**
   * Returns the names of what was stopped; empty when nothing ran.
   *
   * @throws IOException when {@code directory} is no state folder of a mesh
   */
  public static List<String> stop(Path directory) throws IOException, InterruptedException {
    StateFolder state = new StateFolder(directory);
    if (!Files.isDirectory(directory)) {
      throw new IOException(
          directory + " is not there (expected: the state folder of a mesh; `--state` names it)");
    }
    List<Entry> running =
        ProcessTable.read(state.processes()).stream()
            .filter(entry -> entry.maybeHandle().isPresent())
            .toList();
    List<String> stopped = new ArrayList<>(running.stream().map(Entry::name).toList());
    Optional<ProcessHandle> supervisor =
        running.stream()
            .filter(entry -> entry.role().equals("supervisor"))
            .findFirst()
            .flatMap(Entry::maybeHandle);
    if (supervisor.isPresent() && supervisor.get().pid() != ProcessHandle.current().pid()) {
      supervisor.get().destroy();
      try {
        supervisor.get().onExit().get(SUPERVISOR_WITHIN_SECONDS, TimeUnit.SECONDS);
      } catch (TimeoutException | ExecutionException e) {
        supervisor.get().destroyForcibly();
      }
    }
    ProcessTable.stopAll(state.processes(), LocalMeshOptions.STOP_GRACE);
    stopped.addAll(MeshRun.stopAll(state));
    Namespaces.sweep(directory);
    return stopped;
  }
}
