package io.refmesh.local.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A built checkout: where the jars of the mesh's own programs are, and the JVM they run on.
 *
 * <p>Beside a jar may lie an AOT cache (JEP 483, 514): classes read, linked and profiled in an
 * earlier run, which halves the time to start. The JVM ignores one that does not fit the jar or the
 * JVM, so it is never wrong, only useless.
 *
 * @param training whether programs record an AOT cache instead of using one
 */
public record RefmeshHome(Path directory, Path java, boolean training) {

  /** Errors only: a cache that does not fit is not worth a line in every log. */
  private static final List<String> QUIET = List.of("-Xlog:disable", "-Xlog:all=error:stderr");

  private static final String PROXY = "mesh-proxy";

  /** Reads more than a sidecar of this mesh would, then goes on as that does. */
  private static final String TRAINING = "io.refmesh.proxy.TrainingMain";

  /** The checkout that {@code refmesh.home} names, with the JVM of this process. */
  public static RefmeshHome current() throws IOException {
    String home = System.getProperty("refmesh.home");
    if (home == null) {
      throw new IOException(
          "refmesh.home is not set (expected: the folder of a built checkout; bin/mesh sets it)");
    }
    return new RefmeshHome(
        Path.of(home).toAbsolutePath().normalize(),
        Path.of(System.getProperty("java.home"), "bin", "java"),
        false);
  }

  /** The same checkout, its programs recording. */
  public RefmeshHome recording() {
    return new RefmeshHome(directory, java, true);
  }

  /** The runnable jar of a module, or an error that says to build it. */
  public Path jar(String module) throws IOException {
    Path jar = directory.resolve(module).resolve("target").resolve(module + ".jar");
    if (!Files.isRegularFile(jar)) {
      throw new IOException(jar + " is not there (expected: a built checkout); run `make build`");
    }
    return jar;
  }

  /** The JVM options of a sidecar's profile, a file for {@code java @FILE}. */
  public Path launchOptions(String profile) throws IOException {
    Path launch = directory.resolve(PROXY).resolve("launch");
    Path options = launch.resolve(profile + ".options");
    if (!Files.isRegularFile(options)) {
      throw new IOException(
          options + " is not there (expected: a profile, standard or small, and a whole checkout)");
    }
    return options;
  }

  /**
   * The command that runs a module's jar with the JVM options of a small, quickly started process.
   */
  public List<String> command(String module, List<String> jvmOptions, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(java.toString());
    command.addAll(jvmOptions);
    command.addAll(cacheOptions(jar(module)));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    if (training && module.equals(PROXY)) {
      // The same class path as -jar has: the cache fits both.
      command.addAll(List.of("-cp", jar(module).toString(), TRAINING));
    } else {
      command.addAll(List.of("-jar", jar(module).toString()));
    }
    command.addAll(List.of(arguments));
    return command;
  }

  /**
   * JVM options that use, or record, the cache of one of Refmesh's own jars; none for other jars.
   */
  public List<String> cacheOptions(Path jar) {
    if (!jar.startsWith(directory)) {
      return List.of();
    }
    Path cache = Path.of(jar.toString().replaceFirst("\\.jar$", ".aot"));
    if (training) {
      return options("-XX:AOTCacheOutput=" + cache);
    }
    return Files.isRegularFile(cache) ? options("-XX:AOTCache=" + cache) : List.of();
  }

  private static List<String> options(String cache) {
    List<String> options = new ArrayList<>(QUIET);
    options.add(cache);
    return options;
  }
}
