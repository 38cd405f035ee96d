package io.refmesh.control.registry;

import io.refmesh.control.registry.Instances.Instance;
import java.util.List;
import java.util.function.Consumer;

/**
 * Where the control plane learns what was written down and what runs: a folder with a supervisor's
 * file, or a cluster.
 */
public interface Registry extends AutoCloseable {

  /**
   * Everything at one moment.
   *
   * @param contents what was written down, with every problem of the registry
   * @param instances what runs
   */
  record View(Contents contents, List<Instance> instances) {
    public View {
      instances = List.copyOf(instances);
    }
  }

  /** The source cannot be read; the message says why and what to do. */
  final class Unavailable extends Exception {
    private static final long serialVersionUID = 1;

    public Unavailable(String message, Throwable cause) {
      super(message, cause);
    }

    public Unavailable(String message) {
      super(message);
    }
  }

  /** Waits until everything was read once. */
  View load() throws Unavailable, InterruptedException;

  /**
   * Starts to watch; the listener gets every change after what {@link #load} returned, on threads
   * of the registry, one call at a time.
   */
  void watch(Consumer<View> listener);

  /** Ends all threads; the listener is not called afterwards. */
  @Override
  void close();
}
