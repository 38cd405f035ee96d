package io.refmesh.control.kubernetes;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/** The little that is kept of objects' {@code metadata}. */
final class Metadatas {

  /** Of annotations only ours say something to the mesh; others are long and change often. */
  private static final String OURS = "refmesh.io/";

  private Metadatas() {}

  /** Ours, in a map of the caller's. */
  static Map<String, String> annotations(JsonNode metadata) {
    Map<String, String> annotations = texts(metadata.path("annotations"));
    annotations.keySet().removeIf(name -> !name.startsWith(OURS));
    return annotations;
  }

  static Map<String, String> texts(JsonNode object) {
    Map<String, String> texts = new TreeMap<>();
    object.properties().forEach(entry -> texts.put(entry.getKey(), entry.getValue().asString("")));
    return texts;
  }

  static Instant created(JsonNode metadata) {
    try {
      return Instant.parse(metadata.path("creationTimestamp").asString(""));
    } catch (DateTimeException e) {
      return Instant.EPOCH;
    }
  }
}
