package io.refmesh.control.identity;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A folder of mode 0700 with files of mode 0600, where keys are kept; one that others can read is
 * refused.
 */
final class PrivateFolder {

  private static final Set<PosixFilePermission> FOLDER =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-------");

  private final Path folder;

  private PrivateFolder(Path folder) {
    this.folder = folder;
  }

  /**
   * Opens the folder, which is made when it is not there; throws when others may look into it or
   * its files.
   */
  static PrivateFolder open(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      Path parent = folder.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      try {
        Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(FOLDER));
      } catch (FileAlreadyExistsException e) {
        // Another process that shares the folder was quicker; checked below like any other.
      }
    }
    requireAtMost(folder, FOLDER, "0700", "chmod 700 ");
    try (var files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        requireAtMost(file, FILE, "0600", "chmod 600 ");
      }
    }
    return new PrivateFolder(folder);
  }

  boolean has(String name) {
    return Files.exists(folder.resolve(name));
  }

  byte[] read(String name) throws IOException {
    return Files.readAllBytes(folder.resolve(name));
  }

  String readText(String name) throws IOException {
    return Files.readString(folder.resolve(name));
  }

  /** Writes or replaces a file in one step. */
  void write(String name, String text) throws IOException {
    Path written = writeBeside(name, text);
    Files.move(
        written,
        folder.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  /** Writes a file unless somebody else did first; then theirs stays. */
  void writeOnce(String name, String text) throws IOException {
    Path written = writeBeside(name, text);
    try {
      // A link fails when the name is taken, unlike a move.
      Files.createLink(folder.resolve(name), written);
    } catch (FileAlreadyExistsException e) {
      // Theirs stays.
    } finally {
      Files.deleteIfExists(written);
    }
  }

  private Path writeBeside(String name, String text) throws IOException {
    Path written =
        Files.createTempFile(folder, name, ".new", PosixFilePermissions.asFileAttribute(FILE));
    Files.writeString(written, text, StandardOpenOption.TRUNCATE_EXISTING);
    return written;
  }

  private static void requireAtMost(
      Path path, Set<PosixFilePermission> allowed, String mode, String remedy) throws IOException {
    Set<PosixFilePermission> found;
    try {
      found = Files.getPosixFilePermissions(path);
    } catch (NoSuchFileException e) {
      // A file of another process's that was only passing.
      return;
    }
    if (!allowed.containsAll(found)) {
      throw new IOException(
          path
              + ": mode "
              + PosixFilePermissions.toString(found)
              + " (expected: at most "
              + mode
              + ", because keys are in it; who could read it may hold the mesh's identity: run "
              + remedy
              + path
              + ", or remove it to start with a new CA)");
    }
  }
}
