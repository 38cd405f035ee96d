package io.refmesh.control;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** The folder that outlives the process, held by one control plane at a time. */
final class StateFolder implements AutoCloseable {

  private static final String LOCK = "control.lock";
  private static final String ROOTS = "roots.pem";
  private static final String LEASES = "leases";

  private final Path folder;
  private final FileChannel channel;

  private StateFolder(Path folder, FileChannel channel) {
    this.folder = folder;
    this.channel = channel;
  }

  /** Makes the folder when it is missing; throws when another control plane holds it. */
  static StateFolder open(Path folder) throws IOException {
    Files.createDirectories(folder);
    FileChannel channel =
        FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (maybeLock(channel) == null) {
      channel.close();
      throw new IOException(
          folder
              + ": another control plane runs with this state folder (expected: one; end the other,"
              + " or give this one a folder of its own)");
    }
    return new StateFolder(folder, channel);
  }

  /** Writes what proxies must trust to reach the control plane for the first time. */
  void writeRoots(String pem) throws IOException {
    write(ROOTS, pem);
  }

  /**
   * When the objects end that do so by themselves, as an earlier process wrote it; may be empty.
   */
  String readLeases() throws IOException {
    Path file = folder.resolve(LEASES);
    return Files.exists(file) ? Files.readString(file) : "";
  }

  void writeLeases(String text) throws IOException {
    write(LEASES, text);
  }

  private void write(String name, String text) throws IOException {
    Path written = folder.resolve(name + ".new");
    Files.writeString(written, text);
    Files.move(
        written,
        folder.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private static @Nullable FileLock maybeLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Held by another control plane in this very process.
      return null;
    }
  }
}
