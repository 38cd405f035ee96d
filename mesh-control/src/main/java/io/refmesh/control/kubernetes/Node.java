package io.refmesh.control.kubernetes;

import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** What is kept of a node. */
record Node(String name, String zone) {

  static Optional<Node> read(JsonNode node) {
    JsonNode metadata = node.path("metadata");
    String zone = metadata.path("labels").path("topology.kubernetes.io/zone").asString("");
    return zone.isEmpty()
        ? Optional.empty()
        : Optional.of(new Node(metadata.path("name").asString(""), zone));
  }
}
