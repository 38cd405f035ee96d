package io.refmesh.chaos.run;

import io.refmesh.chaos.mesh.Environment;
import io.refmesh.chaos.mesh.MeshDirectory;
import io.refmesh.local.process.ProcessTable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where one run writes, and the only run that writes there at a time.
 *
 * <pre>
 * OUT/latest                    → the newest run
 * OUT/TIME-SEED/verdict.json    and report.html, junit.xml
 * OUT/TIME-SEED/scenarios/      YAML as it was run
 * OUT/TIME-SEED/load/NAME/      record and Gatling's folder of each scenario
 * OUT/TIME-SEED/logs/GROUP/     of every process
 * OUT/TIME-SEED/mesh/GROUP/     folder and state of a running mesh; gone when it ends
 * </pre>
 */
final class OutFolder implements AutoCloseable {

  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

  /** Written and removed to see whether there is room; a run without load keeps less than this. */
  private static final int PROBE_BYTES = 256 * 1024;

  private static final Duration LEFTOVER_GRACE = Duration.ofSeconds(5);

  private final FileChannel lockFile;
  private final Path directory;

  /** The folder cannot be used: the environment lacks something, no scenario is to blame. */
  static final class UnusableException extends IOException {
    private static final long serialVersionUID = 1L;

    UnusableException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  private OutFolder(FileChannel lockFile, Path directory) {
    this.lockFile = lockFile;
    this.directory = directory;
  }

  /**
   * Makes the folder of a new run, and stops what an earlier run left behind when it was killed.
   */
  static OutFolder create(Path out, Instant now, long seed, List<String> leftovers)
      throws IOException {
    FileChannel lockFile;
    try {
      Files.createDirectories(out);
      lockFile =
          FileChannel.open(
              out.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw unusable(out, e);
    }
    try {
      FileLock lock = lockFile.tryLock();
      if (lock == null) {
        throw new UnusableException(
            "another run writes to "
                + out
                + " (expected: one at a time); wait for it, or take another folder with --out",
            null);
      }
      leftovers.addAll(stopLeftovers(out));
      Path directory = out.resolve(NAME.format(now) + "-" + seed);
      try {
        Files.createDirectories(directory);
        OutFolder folder = new OutFolder(lockFile, directory);
        folder.requireRoom();
        Files.createDirectories(folder.logs());
        Files.createDirectories(directory.resolve("scenarios"));
        Latest.point(out, directory);
        return folder;
      } catch (UnusableException e) {
        throw e;
      } catch (IOException e) {
        throw unusable(directory, e);
      }
    } catch (IOException | RuntimeException e) {
      lockFile.close();
      throw e;
    }
  }

  Path directory() {
    return directory;
  }

  Path logs() {
    return directory.resolve("logs");
  }

  MeshDirectory mesh(String group) {
    return new MeshDirectory(directory.resolve("mesh").resolve(group), logs().resolve(group));
  }

  Environment.RunFolder forEnvironment() {
    return new Environment.RunFolder(directory, logs(), processes());
  }

  Path load(String scenario) {
    return directory.resolve("load").resolve(scenario);
  }

  Path processes() {
    return directory.resolve("processes.json");
  }

  void keepScenario(String name, String source) throws IOException {
    Files.writeString(directory.resolve("scenarios").resolve(name + ".yaml"), source);
  }

  /** Throws with what to do when nothing can be written any more. */
  void requireRoom() throws UnusableException {
    Path probe = directory.resolve(".probe");
    try {
      Files.write(
          probe,
          new byte[PROBE_BYTES],
          StandardOpenOption.CREATE,
          StandardOpenOption.WRITE,
          StandardOpenOption.SYNC);
      Files.delete(probe);
    } catch (IOException e) {
      try {
        Files.deleteIfExists(probe);
      } catch (IOException ignored) {
        e.addSuppressed(ignored);
      }
      throw unusable(directory, e);
    }
  }

  private static UnusableException unusable(Path folder, IOException e) {
    String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new UnusableException(
        "cannot write to "
            + folder
            + ": "
            + reason
            + " ("
            + e.getClass().getSimpleName()
            + "; expected: a folder with room for some ten megabytes); free space or take another"
            + " folder with --out",
        e);
  }

  private static List<String> stopLeftovers(Path out) throws IOException {
    List<String> stopped = new ArrayList<>();
    List<Path> tables;
    try (Stream<Path> found =
        Files.find(
            out,
            5,
            (path, attributes) -> path.endsWith("processes.json") && attributes.isRegularFile())) {
      tables = found.toList();
    }
    for (Path table : tables) {
      stopped.addAll(ProcessTable.stopAll(table, LEFTOVER_GRACE));
    }
    clearLeftovers(out);
    return stopped;
  }

  /** Folders of meshes that nobody cleared away; there are keys in them. */
  private static void clearLeftovers(Path out) throws IOException {
    for (Path run : inside(out)) {
      Path meshes = run.resolve("mesh");
      for (Path mesh : inside(meshes)) {
        new MeshDirectory(mesh, run.resolve("logs").resolve(mesh.getFileName())).clearAway();
      }
      Files.deleteIfExists(meshes);
    }
  }

  private static List<Path> inside(Path folder) throws IOException {
    if (Files.isSymbolicLink(folder) || !Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(path -> Files.isDirectory(path) && !Files.isSymbolicLink(path)).toList();
    }
  }

  @Override
  public void close() throws IOException {
    try {
      Files.deleteIfExists(processes());
      Files.deleteIfExists(directory.resolve("mesh"));
    } catch (DirectoryNotEmptyException e) {
      // A mesh could not be cleared away, which has been told by then; the next run looks at it.
    } finally {
      lockFile.close();
    }
  }
}
