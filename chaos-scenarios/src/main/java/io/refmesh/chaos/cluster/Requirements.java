package io.refmesh.chaos.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a run on a cluster of Docker needs before it begins. Nothing is made here. */
final class Requirements {

  /** One node with everything on it takes some four. */
  static final long MEMORY_LEAST = 6L << 30;

  private static final double GIB = 1L << 30;

  private final Engine engine;

  Requirements(Engine engine) {
    this.engine = engine;
  }

  void memory() throws IOException {
    long found = engine.memoryBytes();
    if (found < MEMORY_LEAST) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "the Docker engine has %.1f GiB of memory (expected: %.0f or more); give it more, or"
                  + " run without a cluster: --environment local",
              found / GIB,
              MEMORY_LEAST / GIB));
    }
  }

  /** Of others: pulled when they are not here. */
  void pulled(List<String> images) throws IOException {
    for (String image : images) {
      if (engine.imageId(image).isPresent()) {
        continue;
      }
      Optional<String> failure = Optional.empty();
      try {
        engine.pull(image);
      } catch (IOException e) {
        failure = Optional.of(DockerEngine.reason(e));
      }
      if (engine.imageId(image).isEmpty()) {
        throw new IOException(
            "the image "
                + image
                + " is not here and could not be pulled"
                + failure.map(reason -> ": " + reason).orElse("")
                + " (expected: the image, or a registry that answers); load it with `docker load`,"
                + " or run without a cluster: --environment local");
      }
    }
  }

  /** Ours: nobody else has them. */
  void built(List<String> images) throws IOException {
    List<String> missing = new ArrayList<>();
    for (String image : images) {
      if (engine.imageId(image).isEmpty()) {
        missing.add(image);
      }
    }
    if (!missing.isEmpty()) {
      throw new IOException(
          "there is no image "
              + String.join(", ", missing)
              + " (expected: images of this version); run `make images`");
    }
  }
}
