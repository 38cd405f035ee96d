package io.refmesh.chaos.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** What the harness wrote, as an archive, and its way into a folder of this machine. */
final class OutArchive {

  private OutArchive() {}

  /**
   * Unpacks files and folders; names that lead out of {@code into} are refused. Returns the run's
   * folder.
   */
  static Optional<Path> unpack(InputStream archive, Path into) throws IOException {
    Optional<Path> run = Optional.empty();
    Path root = into.toAbsolutePath().normalize();
    try (TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(archive))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path target = root.resolve(entry.getName()).normalize();
        if (!target.startsWith(root)) {
          throw new IOException(
              "the harness sent a file "
                  + entry.getName()
                  + " (expected: one within "
                  + root
                  + ")");
        }
        // Links there are two: the one to the newest run is made anew, for this machine.
        if (entry.isDirectory()) {
          Files.createDirectories(target);
          if (!target.equals(root) && root.equals(target.getParent())) {
            run = Optional.of(target);
          }
        } else if (entry.isFile() && !root.equals(target.getParent())) {
          Files.createDirectories(target.getParent());
          Files.copy(tar, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
    return run;
  }
}
