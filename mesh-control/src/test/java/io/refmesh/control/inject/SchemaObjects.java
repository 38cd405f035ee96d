package io.refmesh.control.inject;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Objects of our kinds, each right or with one mistake, and who is to catch it. */
record SchemaObjects(String caught, ObjectNode object) {

  private static final Path FILE = Path.of("src/test/resources/crds/objects.yaml");

  /**
   * @param own takes the place of the namespace {@code OWN}
   */
  static List<SchemaObjects> read(String own) throws IOException {
    return Pods.YAML
        .readTree(Files.readString(FILE).replace("namespace: OWN", "namespace: " + own))
        .valueStream()
        .map(SchemaObjects::of)
        .toList();
  }

  private static SchemaObjects of(JsonNode entry) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("apiVersion", "refmesh.io/v1alpha1");
    object.set("kind", entry.path("kind"));
    object
        .putObject("metadata")
        .put("name", entry.path("name").asString())
        .put("namespace", entry.path("namespace").asString());
    object.set("spec", entry.path("spec"));
    return new SchemaObjects(entry.path("caught").asString(), object);
  }
}
