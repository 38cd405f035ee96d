package io.refmesh.cli.check;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** An API server, as far as checks need it. Blocking. */
public interface Cluster {

  /** An object or a list; empty when it is not there. */
  Optional<JsonNode> get(String path) throws IOException;

  /** Whether whoever asks may do it; asked of the API server, which changes nothing. */
  boolean may(String verb, String group, String resource, String namespace) throws IOException;

  /** What the API server's clock says. */
  Instant time() throws IOException;
}
