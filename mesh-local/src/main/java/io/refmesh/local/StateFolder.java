package io.refmesh.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where a mesh keeps what must outlive a crash, readable by its user only.
 *
 * <pre>
 * mesh.json              who runs: folder, control plane, trust domain
 * processes.json         handles of every process
 * control/               the control plane's own: ca/, instances.json, roots.pem, audit.log
 * workloads/NAME/        hosts, token
 * logs/NAME.log          output of every process
 * </pre>
 */
public record StateFolder(Path directory) {

  private static final JsonMapper JSON = JsonMapper.shared();

  /** What {@code mesh status} needs to find the rest. */
  public record MeshFile(
      String folder,
      long supervisorPid,
      String controlAddress,
      String controlAdmin,
      String trustDomain,
      String phase,
      String reason) {}

  /** Makes the folder, private to its user; an existing one is kept as it is. */
  public static StateFolder create(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    StateFolder state = new StateFolder(directory);
    Files.createDirectories(state.logs());
    Files.createDirectories(state.control());
    Files.createDirectories(directory.resolve("workloads"));
    return state;
  }

  public Path meshFile() {
    return directory.resolve("mesh.json");
  }

  public Path processes() {
    return directory.resolve("processes.json");
  }

  public Path control() {
    return directory.resolve("control");
  }

  public Path instances() {
    return control().resolve("instances.json");
  }

  public Path roots() {
    return control().resolve("roots.pem");
  }

  public Path logs() {
    return directory.resolve("logs");
  }

  public Path log(String name) {
    return logs().resolve(fileName(name) + ".log");
  }

  /** The folder of one workload instance, made when absent. */
  public Path workload(String name) throws IOException {
    return Files.createDirectories(directory.resolve("workloads").resolve(fileName(name)));
  }

  void write(MeshFile mesh) throws IOException {
    replace(meshFile(), JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(mesh), "rw-------");
  }

  /** What {@link #write} wrote last, or an error that says that no mesh was started here. */
  public MeshFile readMesh() throws IOException {
    if (!Files.exists(meshFile())) {
      throw new IOException(
          "no mesh was started with the state folder "
              + directory
              + " (expected: mesh.json in it)");
    }
    return JSON.readValue(Files.readAllBytes(meshFile()), MeshFile.class);
  }

  /** Writes the whole file or nothing: a reader never sees half of it. */
  static void replace(Path file, byte[] content, String permissions) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.deleteIfExists(next);
    Files.createFile(
        next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions)));
    Files.write(next, content);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String fileName(String name) {
    return name.replace('/', '.');
  }
}
