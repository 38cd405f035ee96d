package io.refmesh.local;

import io.refmesh.local.process.RefmeshHome;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * What a local mesh is made of.
 *
 * @param folder of YAML, watched
 * @param state folder for keys, logs and handles of processes; made when absent
 * @param sidecarEnvironment settings of every sidecar, over those of annotations
 * @param stopGrace how long a process may take to end before it is killed
 * @param namespaces whether each instance runs in a network namespace of its own; for root on Linux
 */
public record LocalMeshOptions(
    Path folder,
    Path state,
    RefmeshHome home,
    Map<String, String> sidecarEnvironment,
    Duration stopGrace,
    boolean namespaces) {

  public static final Duration STOP_GRACE = Duration.ofSeconds(10);

  public LocalMeshOptions {
    folder = folder.toAbsolutePath().normalize();
    state = state.toAbsolutePath().normalize();
    sidecarEnvironment = Map.copyOf(sidecarEnvironment);
  }

  /** On loopback addresses. */
  public LocalMeshOptions(
      Path folder,
      Path state,
      RefmeshHome home,
      Map<String, String> sidecarEnvironment,
      Duration stopGrace) {
    this(folder, state, home, sidecarEnvironment, stopGrace, false);
  }

  /** The same, each instance in a network namespace of its own. */
  public LocalMeshOptions inNamespaces() {
    return new LocalMeshOptions(folder, state, home, sidecarEnvironment, stopGrace, true);
  }

  public static LocalMeshOptions of(Path folder, Path state, RefmeshHome home) {
    return new LocalMeshOptions(folder, state, home, Map.of(), STOP_GRACE);
  }
}
