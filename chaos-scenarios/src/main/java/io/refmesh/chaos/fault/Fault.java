package io.refmesh.chaos.fault;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;

/**
 * Something broken on purpose. Begun once, ended once; both return when the change is in force or
 * on its way.
 */
public interface Fault {

  void begin() throws IOException, InterruptedException;

  void end() throws IOException, InterruptedException;

  /** Waits until it is over by itself; returns at once for a fault that lasts until it is ended. */
  default void awaitDone(Duration atMost) throws IOException, InterruptedException {}

  /**
   * What it measured itself, by name behind the kind and id; such as {@code attempts} of an
   * intruder.
   */
  default Map<String, Double> figures() {
    return Map.of();
  }
}
