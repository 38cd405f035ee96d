package io.refmesh.local.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The processes of one mesh, on disk: whoever comes after a crash can stop exactly these and no
 * others. A process is known by its pid together with the instant it started, since pids come
 * again.
 */
public final class ProcessTable {

  private static final JsonMapper JSON = JsonMapper.shared();

  private final Path file;
  private final Map<String, Entry> entries = new TreeMap<>();

  /**
   * @param role {@code control-plane}, {@code sidecar}, {@code application} or {@code supervisor}
   */
  public record Entry(String name, String role, long pid, long startedEpochMillis) {

    /** The living process, if this is still the one. */
    public Optional<ProcessHandle> maybeHandle() {
      return ProcessHandle.of(pid)
          .filter(ProcessHandle::isAlive)
          .filter(handle -> startedEpochMillis == started(handle));
    }
  }

  public ProcessTable(Path file) {
    this.file = file;
  }

  public synchronized void add(String name, String role, ProcessHandle handle) {
    entries.put(name, new Entry(name, role, handle.pid(), started(handle)));
    write();
  }

  /** Forgets the process of this name, unless the name belongs to a later one by now. */
  public synchronized void remove(String name, long pid) {
    Entry entry = entries.get(name);
    if (entry != null && entry.pid() == pid) {
      entries.remove(name);
      try {
        write();
      } catch (UncheckedIOException e) {
        // A full disk must not keep anybody from stopping the next process. What stays in the file
        // is
        // harmless: the process is gone, and its pid and start time fit no other.
      }
    }
  }

  /** What the file at {@code file} says; empty when there is none. */
  public static List<Entry> read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      return List.of(JSON.readValue(Files.readAllBytes(file), Entry[].class));
    } catch (JacksonException e) {
      throw new IOException(
          file + " cannot be read (expected: a list of processes): " + e.getOriginalMessage(), e);
    }
  }

  /**
   * Stops what is left of the processes in {@code file}: applications and sidecars first, each
   * asked and, after {@code grace}, killed. Returns the names of those that were alive.
   */
  public static List<String> stopAll(Path file, Duration grace) throws IOException {
    List<Entry> left = new ArrayList<>();
    for (Entry entry : read(file)) {
      if (entry.maybeHandle().isPresent() && entry.pid() != ProcessHandle.current().pid()) {
        left.add(entry);
      }
    }
    left.sort((a, b) ->
        Boolean.compare(a.role().equals("control-plane"), b.role().equals("control-plane")));
    List<ProcessHandle> handles = new ArrayList<>();
    for (Entry entry : left) {
      entry.maybeHandle().ifPresent(handles::add);
    }
    handles.forEach(ProcessHandle::destroy);
    for (ProcessHandle handle : handles) {
      try {
        handle.onExit().get(grace.toMillis(), TimeUnit.MILLISECONDS);
      } catch (java.util.concurrent.TimeoutException | java.util.concurrent.ExecutionException e) {
        handle.destroyForcibly();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        handles.forEach(ProcessHandle::destroyForcibly);
        break;
      }
    }
    Files.deleteIfExists(file);
    return left.stream().map(Entry::name).toList();
  }

  static long started(ProcessHandle handle) {
    return handle.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  private void write() {
    try {
      Path next = file.resolveSibling(file.getFileName() + ".next");
      Files.write(next, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(entries.values()));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("the table of processes could not be written: " + file, e);
    }
  }
}
