package io.refmesh.chaos.mesh;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The load of one scenario, sent from inside the workload {@code load}, so that the sidecar of a
 * caller is under test, too.
 */
public interface RunningLoad extends AutoCloseable {

  /** Where the record of a load is found, line by line as requests end. */
  static Path record(Path folder) {
    return folder.resolve("requests.tsv");
  }

  long startedEpochMillis();

  /**
   * Ends the load: nothing new is sent, what is under way ends, and when this returns the record is
   * complete.
   */
  void stop() throws IOException, InterruptedException;

  /** For the way out of a failure; {@link #stop} tells more. */
  @Override
  void close();
}
