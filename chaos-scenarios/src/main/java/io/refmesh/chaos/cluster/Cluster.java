package io.refmesh.chaos.cluster;

import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** A cluster that a run may use; closing removes what was made for it. */
interface Cluster extends AutoCloseable {

  /** How it is reached. */
  Config config();

  /** Its nodes as containers of the engine; none when images cannot be brought to them. */
  List<Engine.Container> nodes();

  /** What made it, for the verdict. */
  Map<String, String> versions();

  /** Whether it is there for this run alone. */
  boolean own();

  @Override
  void close() throws IOException;
}
