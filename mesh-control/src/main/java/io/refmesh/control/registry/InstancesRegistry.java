package io.refmesh.control.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The file in which the local supervisor says what runs, and those of commands beside it, watched.
 * A broken file changes nothing. A change takes effect within 200 ms; the listener is called from
 * one thread of its own.
 */
public final class InstancesRegistry implements AutoCloseable {

  private final Path folder;
  private final FolderWatch watch;
  private State state = new State(Instances.NONE, Optional.empty());

  /** What runs, and what is wrong with the file, if anything. */
  public record State(Instances instances, Optional<Problem> problem) {
    public List<Problem> problems() {
      return problem.stream().toList();
    }
  }

  public InstancesRegistry(Path stateFolder) {
    this.folder = stateFolder;
    this.watch =
        new FolderWatch(
            stateFolder,
            candidate ->
                candidate.getFileName().toString().equals(Instances.FILE)
                    || Instances.isOfRun(candidate));
  }

  /** Reads the file now. */
  public synchronized State load() {
    try {
      state = new State(Instances.readAll(folder), Optional.empty());
    } catch (IOException e) {
      state =
          new State(
              state.instances,
              Optional.of(
                  new Problem(
                      Instances.FILE,
                      0,
                      0,
                      Instances.FILE,
                      "",
                      e.getMessage() + "; what it said before still holds")));
    }
    return state;
  }

  /** Starts to watch; the listener gets every change after what {@link #load} returned last. */
  public void watch(Consumer<State> listener) {
    watch.start(() -> {
      State before;
      State after;
      synchronized (this) {
        before = state;
        after = load();
      }
      if (!after.equals(before)) {
        listener.accept(after);
      }
    });
  }

  @Override
  public void close() {
    watch.close();
  }
}
