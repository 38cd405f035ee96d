package io.refmesh.chaos.mesh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What a running mesh keeps on disk: its folder and its state, with keys in it, gone when it has
 * ended; only its logs stay.
 *
 * @param directory private to one mesh
 * @param logs where the logs of its processes are found in the end
 */
public record MeshDirectory(Path directory, Path logs) {

  /** The resources. */
  public Path folder() {
    return directory.resolve("folder");
  }

  public Path state() {
    return directory.resolve("state");
  }

  /** Keeps the logs of a mesh that has ended and removes everything else of it. */
  public void clearAway() throws IOException {
    Path kept = state().resolve("logs");
    if (Files.isDirectory(kept)) {
      Files.deleteIfExists(logs);
      Files.move(kept, logs);
    }
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
