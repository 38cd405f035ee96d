package io.refmesh.proxy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * Programs of others on Maven Central, fetched once into the user's cache with a class path of
 * their own. A test that cannot get them is not run, and says what would run it.
 *
 * @param name in the cache, with the version, so that an upgrade fetches anew
 * @param pom names what is fetched
 */
record MavenTool(String name, Path pom) {

  private static final long FETCH_MINUTES = 8;

  /** The command that runs one of the classes. */
  List<String> command(String mainClass, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // For programs that live a second.
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("--sun-misc-unsafe-memory-access=allow"));
    command.addAll(List.of("-cp", jars() + "/*", mainClass));
    command.addAll(List.of(arguments));
    return command;
  }

  private Path jars() {
    Path cache = GoTool.caches().resolve(name);
    Path done = cache.resolve("fetched");
    if (Files.exists(done)) {
      return cache;
    }
    List<String> fetch =
        List.of(
            Path.of("..", "mvnw").toAbsolutePath().normalize().toString(),
            "-B",
            "-ntp",
            "-f",
            pom.toAbsolutePath().toString(),
            "dependency:copy-dependencies",
            "-DoutputDirectory=" + cache);
    try {
      Path log = Files.createDirectories(cache).resolveSibling(name + ".log");
      Process maven = Program.start(log, fetch);
      boolean ended = maven.waitFor(FETCH_MINUTES, TimeUnit.MINUTES);
      Program.stop(maven);
      Assumptions.assumeTrue(
          ended && maven.exitValue() == 0,
          name
              + " could not be fetched, see "
              + log
              + "; to try again: "
              + String.join(" ", fetch));
      Files.createFile(done);
      return cache;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
