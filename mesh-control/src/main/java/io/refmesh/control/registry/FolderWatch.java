package io.refmesh.control.registry;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Tells that files of one folder changed: by the kernel's events, and by looking every {@value
 * #POLL_MILLIS} ms for what events miss (a folder that was replaced, a file system without events).
 * One virtual thread, which runs the callback.
 */
final class FolderWatch implements AutoCloseable {

  private static final int POLL_MILLIS = 150;

  /** A file is read once it has not changed for so long: an editor may write in several steps. */
  private static final int QUIET_MILLIS = 25;

  /** A file that never rests is read all the same after so many quiet periods. */
  private static final int QUIET_TRIES = 10;

  private final Path folder;
  private final Predicate<Path> wanted;
  private volatile boolean closed;
  private @Nullable Thread thread;

  FolderWatch(Path folder, Predicate<Path> wanted) {
    this.folder = folder;
    this.wanted = wanted;
  }

  void start(Runnable changed) {
    thread = Thread.ofVirtual().name("watch-" + folder.getFileName()).start(() -> run(changed));
  }

  @Override
  public void close() {
    closed = true;
    Thread running = thread;
    if (running != null) {
      running.interrupt();
      try {
        running.join(1_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void run(Runnable changed) {
    // What the caller read before it started the watch may be older than the first look, so the
    // first round reports.
    boolean touched = true;
    Map<String, Object> seen = Map.of();
    try (Events events = Events.open(folder, wanted)) {
      while (!closed) {
        Map<String, Object> now = look();
        if (touched || !now.equals(seen)) {
          seen = quiet(now);
          changed.run();
        }
        // The same size within one tick of the file's clock looks unchanged: an event counts
        // whatever a look says.
        touched = events.await(POLL_MILLIS);
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  private Map<String, Object> quiet(Map<String, Object> first) throws InterruptedException {
    Map<String, Object> before = first;
    for (int tries = 0; tries < QUIET_TRIES; tries++) {
      Thread.sleep(QUIET_MILLIS);
      Map<String, Object> now = look();
      if (now.equals(before)) {
        return now;
      }
      before = now;
    }
    return before;
  }

  private record Look(long size, Object modified, @Nullable Object identity) {}

  private Map<String, Object> look() {
    Map<String, Object> files = new TreeMap<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      for (Path file : stream) {
        if (wanted.test(file)) {
          BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
          files.put(
              file.getFileName().toString(),
              new Look(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey()));
        }
      }
    } catch (IOException e) {
      // Gone, or going while we look: its absence is a change by itself.
      files.put("", String.valueOf(e.getClass()));
    }
    return files;
  }

  /**
   * The kernel's events of one folder; without any (no inotify instance is left, the folder is
   * away) it only waits.
   */
  private static final class Events implements AutoCloseable {

    private final Path folder;
    private final Predicate<Path> wanted;
    private final @Nullable WatchService service;
    private @Nullable WatchKey key;

    private Events(Path folder, Predicate<Path> wanted, @Nullable WatchService service) {
      this.folder = folder;
      this.wanted = wanted;
      this.service = service;
    }

    static Events open(Path folder, Predicate<Path> wanted) {
      try {
        return new Events(folder, wanted, folder.getFileSystem().newWatchService());
      } catch (IOException e) {
        return new Events(folder, wanted, null);
      }
    }

    /** True when something happened to a wanted file in the meantime. */
    boolean await(long millis) throws InterruptedException {
      WatchService events = service;
      if (events == null) {
        Thread.sleep(millis);
        return false;
      }
      if (key == null || !key.isValid()) {
        key = register(events);
      }
      WatchKey signalled = events.poll(millis, TimeUnit.MILLISECONDS);
      if (signalled == null) {
        return false;
      }
      boolean touched =
          signalled.pollEvents().stream()
              .anyMatch(event ->
                  !(event.context() instanceof Path file) || wanted.test(folder.resolve(file)));
      signalled.reset();
      return touched;
    }

    private @Nullable WatchKey register(WatchService events) {
      try {
        return folder.register(
            events,
            StandardWatchEventKinds.ENTRY_CREATE,
            StandardWatchEventKinds.ENTRY_MODIFY,
            StandardWatchEventKinds.ENTRY_DELETE);
      } catch (IOException e) {
        // The folder is away: tried again after the next look.
        return null;
      }
    }

    @Override
    public void close() {
      if (service != null) {
        try {
          service.close();
        } catch (IOException e) {
          // Nothing is left that needs it.
        }
      }
    }
  }
}
