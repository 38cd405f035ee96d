package io.refmesh.chaos.report;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A file that readers see whole or not at all: written beside its place, then renamed. */
final class WholeFile {

  private WholeFile() {}

  static void write(Path file, String text) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    Path beside = file.resolveSibling("." + file.getFileName() + ".part");
    try {
      if (folder != null) {
        Files.createDirectories(folder);
      }
      put(beside, text.getBytes(StandardCharsets.UTF_8));
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      giveBack(beside, e);
      throw new IOException(
          "cannot write "
              + file
              + ": "
              + why(e)
              + " (expected a writable folder with free space; free some or choose another folder, then run again)",
          e);
    }
  }

  private static void put(Path file, byte[] bytes) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) {
        channel.write(left);
      }
      // A full disk may show only here.
      channel.force(true);
    }
  }

  /** A half-written file would keep a full disk full. */
  private static void giveBack(Path file, IOException cause) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private static String why(IOException e) {
    if (e instanceof FileSystemException f && f.getReason() != null) {
      return f.getFile() + ": " + f.getReason();
    }
    return e instanceof FileSystemException f
        ? f.getClass().getSimpleName().replaceAll("([a-z])([A-Z])", "$1 $2") + ": " + f.getFile()
        : String.valueOf(e.getMessage());
  }
}
