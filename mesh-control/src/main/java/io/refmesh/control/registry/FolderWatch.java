package io.refmesh.control.registry;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
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
    // What the caller read before it started the watch may be older than this look, so the first
    // round always reports.
    Map<String, Object> seen = Map.of();
    try (WatchService events = folder.getFileSystem().newWatchService()) {
      WatchKey key = register(events);
      while (!closed) {
        Map<String, Object> now = look();
        if (!now.equals(seen)) {
          seen = quiet(now);
          changed.run();
        }
        if (key == null || !key.isValid()) {
          key = register(events);
        }
        WatchKey signalled = events.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
        if (signalled != null) {
          boolean touched =
              signalled.pollEvents().stream()
                  .anyMatch(event ->
                      !(event.context() instanceof Path file) || wanted.test(folder.resolve(file)));
          signalled.reset();
          if (touched) {
            // The same size within one tick of the file's clock looks unchanged: an event counts
            // whatever a look says.
            seen = Map.of();
          }
        }
      }
    } catch (InterruptedException | ClosedWatchServiceException e) {
      // Closed.
    } catch (IOException e) {
      pollOnly(changed, seen);
    }
  }

  /** Without a watch service (no inotify instance left) looking alone still meets the bound. */
  private void pollOnly(Runnable changed, Map<String, Object> last) {
    Map<String, Object> seen = last;
    try {
      while (!closed) {
        Map<String, Object> now = look();
        if (!now.equals(seen)) {
          seen = quiet(now);
          changed.run();
        }
        Thread.sleep(POLL_MILLIS);
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

  private @Nullable WatchKey register(WatchService events) {
    try {
      return folder.register(
          events,
          StandardWatchEventKinds.ENTRY_CREATE,
          StandardWatchEventKinds.ENTRY_MODIFY,
          StandardWatchEventKinds.ENTRY_DELETE);
    } catch (IOException e) {
      // The folder is away: tried again at the next look.
      return null;
    }
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
}
