package io.refmesh.chaos.local;

import io.refmesh.chaos.scenario.MeshResource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The folder that a mesh watches, with a layer per purpose: each layer is one file, put in place
 * whole, so that its objects appear and change together.
 */
final class MeshFolder {

  private final Path directory;

  MeshFolder(Path directory) {
    this.directory = directory;
  }

  Path directory() {
    return directory;
  }

  /** Makes {@code resources} the content of a layer; none: the layer goes. */
  void put(String layer, List<MeshResource> resources) throws IOException {
    Path file = directory.resolve(layer + ".yaml");
    if (resources.isEmpty()) {
      Files.deleteIfExists(file);
      return;
    }
    // Written beside the folder: the watcher must not see a half.
    Path next = directory.resolveSibling(layer + ".next");
    Files.writeString(
        next,
        resources.stream()
            .map(MeshResource::json)
            .collect(Collectors.joining("\n---\n", "", "\n")));
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
