package io.refmesh.control.registry;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** A folder of YAML, and the file in which the supervisor says what runs. */
public final class LocalRegistry implements Registry {

  private final FolderRegistry folder;
  private final InstancesRegistry running;
  // Both sources have a thread of their own: what they say is put together under this lock.
  private Contents contents = Contents.EMPTY;
  private InstancesRegistry.State instances;

  /** Nothing is read before {@link #load}. */
  public LocalRegistry(Path folder, Path state) {
    this.folder = new FolderRegistry(folder);
    running = new InstancesRegistry(state);
    instances = new InstancesRegistry.State(Instances.NONE, Optional.empty());
  }

  @Override
  public synchronized View load() {
    contents = folder.load();
    instances = running.load();
    return view();
  }

  @Override
  public void watch(Consumer<View> listener) {
    running.watch(changed -> {
      synchronized (this) {
        instances = changed;
        listener.accept(view());
      }
    });
    folder.watch(changed -> {
      synchronized (this) {
        contents = changed;
        listener.accept(view());
      }
    });
  }

  @Override
  public void close() {
    folder.close();
    running.close();
  }

  private View view() {
    if (instances.problem().isEmpty()) {
      return new View(contents, instances.instances().instances());
    }
    List<Problem> problems = new ArrayList<>(contents.problems());
    problems.addAll(instances.problems());
    return new View(
        new Contents(contents.resources(), problems), instances.instances().instances());
  }
}
