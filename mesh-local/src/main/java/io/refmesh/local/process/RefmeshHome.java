package io.refmesh.local.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A built checkout: where the jars of the mesh's own programs are, and the JVM they run on. */
public record RefmeshHome(Path directory, Path java) {

  /** The checkout that {@code refmesh.home} names, with the JVM of this process. */
  public static RefmeshHome current() throws IOException {
    String home = System.getProperty("refmesh.home");
    if (home == null) {
      throw new IOException(
          "refmesh.home is not set (expected: the folder of a built checkout; bin/mesh sets it)");
    }
    return new RefmeshHome(
        Path.of(home).toAbsolutePath().normalize(),
        Path.of(System.getProperty("java.home"), "bin", "java"));
  }

  /** The runnable jar of a module, or an error that says to build it. */
  public Path jar(String module) throws IOException {
    Path jar = directory.resolve(module).resolve("target").resolve(module + ".jar");
    if (!Files.isRegularFile(jar)) {
      throw new IOException(jar + " is not there (expected: a built checkout); run `make build`");
    }
    return jar;
  }

  /**
   * The command that runs a module's jar with the JVM options of a small, quickly started process.
   */
  public List<String> command(String module, List<String> jvmOptions, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(java.toString());
    command.addAll(jvmOptions);
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-jar");
    command.add(jar(module).toString());
    command.addAll(List.of(arguments));
    return command;
  }
}
