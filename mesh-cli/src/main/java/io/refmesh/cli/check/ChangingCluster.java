package io.refmesh.cli.check;

import java.io.IOException;
import tools.jackson.databind.JsonNode;

/** An API server that is also written to. Blocking. */
public interface ChangingCluster extends Cluster {

  /** What happened to a write; everything else is an exception. */
  enum Written {
    DONE,
    /** Somebody else was there first: it exists, is of another version, or is gone. */
    OVERTAKEN
  }

  /**
   * @param path of the kind
   */
  Written create(String path, JsonNode object) throws IOException;

  /** Replaces the version that the object says it is. */
  Written replace(String path, JsonNode object) throws IOException;

  Written delete(String path) throws IOException;

  /**
   * What a pod answers on a port of its own loopback, which nobody else in the cluster can ask.
   *
   * @param path that is got by HTTP
   */
  String ask(String namespace, String pod, int port, String path) throws IOException;
}
