package io.refmesh.proxy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * A program of others written in Go, built once into the user's cache. A test that cannot get it is
 * not run, and says what would run it.
 *
 * @param name of the program in the cache
 * @param built what {@code go install} calls it: the last folder of its path
 * @param module path and version for {@code go install}
 */
record GoTool(String name, String built, String module) {

  private static final long BUILD_MINUTES = 8;

  /** Where it is. */
  Path path() {
    Path program = cache().resolve(built);
    if (Files.isExecutable(program)) {
      return program;
    }
    String how = "GOBIN=" + cache() + " go install " + module;
    String go = Program.path("go", "https://go.dev/dl, or apt-get install golang-go; then " + how);
    try {
      Files.createDirectories(cache());
      Path log = cache().resolve(built + ".log");
      Process build = Program.start(log, List.of("env", "GOBIN=" + cache(), go, "install", module));
      boolean ended = build.waitFor(BUILD_MINUTES, TimeUnit.MINUTES);
      Program.stop(build);
      Assumptions.assumeTrue(
          ended && Files.isExecutable(program),
          name + " could not be built, see " + log + "; to try again: " + how);
      return program;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** A folder for each program and version, so that an upgrade builds anew. */
  private Path cache() {
    return caches().resolve(name + module.substring(module.indexOf('@')));
  }

  /** What was fetched from elsewhere stays here. */
  static Path caches() {
    String base = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
    Path caches =
        base.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(base);
    return caches.resolve("refmesh");
  }
}
