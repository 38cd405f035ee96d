package io.refmesh.chaos.cluster;

import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.util.List;

/** Whether a cluster can carry this version of the mesh. */
public interface Suitability {

  /**
   * What is wrong with it, each with what was expected and what to do.
   *
   * @throws IOException when it does not answer
   */
  List<String> problems(Config config) throws IOException;
}
