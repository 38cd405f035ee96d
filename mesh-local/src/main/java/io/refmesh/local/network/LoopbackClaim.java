package io.refmesh.local.network;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One mesh's claim to {@code 127.<n>.0.0/16}: a locked file per mesh of this user. The lock ends
 * with the process that holds it, so a crash leaves no claim behind.
 */
public final class LoopbackClaim implements AutoCloseable {

  private static final int CLAIMS_MAX = 64;

  private final int octet;
  private final FileChannel channel;
  private final FileLock lock;

  private LoopbackClaim(int octet, FileChannel channel, FileLock lock) {
    this.octet = octet;
    this.channel = channel;
    this.lock = lock;
  }

  /** Who holds a claim, as written into its file. */
  public record Holder(Path folder, Path state, long pid) {}

  /**
   * Claims the first free part for the mesh of {@code folder}.
   *
   * @throws AlreadyRunningException when a running mesh has this folder or this state folder
   * @throws IOException when no part is free or the claims cannot be written
   */
  public static LoopbackClaim take(Path folder, Path state) throws IOException {
    return take(directory(), folder, state);
  }

  static LoopbackClaim take(Path claims, Path folder, Path state) throws IOException {
    Files.createDirectories(claims);
    // One at a time: two `mesh up` on one folder must not both find it free.
    try (FileChannel gate =
            FileChannel.open(
                claims.resolve("gate"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = gate.lock()) {
      if (!held.isValid()) {
        throw new IOException("the claims of this user could not be locked: " + claims);
      }
      for (int octet = 1; octet <= CLAIMS_MAX; octet++) {
        Optional<Holder> holder = maybeHolder(claims, octet);
        if (holder.isPresent()
            && (holder.get().folder().equals(folder) || holder.get().state().equals(state))) {
          throw new AlreadyRunningException(holder.get());
        }
      }
      for (int octet = 1; octet <= CLAIMS_MAX; octet++) {
        LoopbackClaim claim = maybeTake(claims, octet, folder, state);
        if (claim != null) {
          return claim;
        }
      }
    }
    throw new IOException(
        CLAIMS_MAX
            + " meshes of this user are running (expected: fewer); stop one with `mesh down`");
  }

  /** The second number of the addresses of this mesh. */
  public int octet() {
    return octet;
  }

  @Override
  public void close() throws IOException {
    // Closing the channel gives the lock back; closing twice is harmless.
    if (lock.isValid()) {
      lock.release();
    }
    channel.close();
  }

  private static @Nullable LoopbackClaim maybeTake(Path claims, int octet, Path folder, Path state)
      throws IOException {
    FileChannel channel =
        FileChannel.open(
            claims.resolve("127." + octet),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    FileLock lock = maybeLock(channel);
    if (lock == null) {
      channel.close();
      return null;
    }
    channel.truncate(0);
    String text = folder + "\n" + state + "\n" + ProcessHandle.current().pid() + "\n";
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
    return new LoopbackClaim(octet, channel, lock);
  }

  private static Optional<Holder> maybeHolder(Path claims, int octet) throws IOException {
    Path file = claims.resolve("127." + octet);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      FileLock free = maybeLock(channel);
      if (free != null) {
        free.release();
        return Optional.empty();
      }
      String[] lines = Files.readString(file).split("\n", -1);
      if (lines.length < 3) {
        return Optional.empty();
      }
      return Optional.of(
          new Holder(Path.of(lines[0]), Path.of(lines[1]), Long.parseLong(lines[2])));
    }
  }

  private static @Nullable FileLock maybeLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Held by this JVM: several meshes may live in one.
      return null;
    }
  }

  /** Where claims live: the user's run-time folder, or a private folder in the temporary one. */
  private static Path directory() throws IOException {
    String runtime = System.getenv("XDG_RUNTIME_DIR");
    if (runtime != null && Files.isWritable(Path.of(runtime))) {
      return Files.createDirectories(Path.of(runtime, "refmesh"));
    }
    Path folder =
        Path.of(
            System.getProperty("java.io.tmpdir", "/tmp"),
            "refmesh-" + System.getProperty("user.name"));
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    return folder;
  }
}
