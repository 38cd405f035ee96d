package io.refmesh.control.kubernetes;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is kept of an object that says what the mesh shall do: as much of its text as the readers
 * look at, and its status where that is ours to write.
 *
 * @param text JSON for the parser
 * @param resourceVersion of the object when its status is ours to write, else empty: it changes
 *     with everything
 * @param status {@code status} of an object whose status is ours to write, else empty
 */
record Written(
    Kind kind, String namespace, String name, String text, String resourceVersion, String status) {

  private static final Set<String> METADATA =
      Set.of("name", "namespace", "generation", "creationTimestamp");

  private static final Set<String> METADATA_OF_NAMESPACES =
      Set.of("name", "generation", "creationTimestamp", "labels");

  private static final String WRITERS = "managedFields";

  /** {@code Kind namespace/name}, as in problems. */
  String object() {
    return kind.text() + " " + namespace + "/" + name;
  }

  static Optional<Written> read(Kind.Served kind, JsonNode object) {
    JsonNode spec = object.path("spec");
    if (kind.kind() == Kind.SERVICE && !leadsToPods(spec)) {
      return Optional.empty();
    }
    if (kind.kind().route()) {
      Optional<JsonNode> own = maybeOfMesh(spec);
      if (own.isEmpty()) {
        return Optional.empty();
      }
      spec = own.get();
    }
    JsonNode metadata = object.path("metadata");
    ObjectNode kept = JsonNodeFactory.instance.objectNode();
    kept.put("apiVersion", kind.apiVersion());
    kept.put("kind", kind.kind().text());
    ObjectNode about = kept.putObject("metadata");
    Set<String> wanted = kind.kind() == Kind.NAMESPACE ? METADATA_OF_NAMESPACES : METADATA;
    metadata
        .properties()
        .forEach(entry -> {
          if (wanted.contains(entry.getKey())) {
            about.set(entry.getKey(), entry.getValue());
          }
        });
    if (kind.kind().expires()) {
      ArrayNode writers = about.putArray(WRITERS);
      metadata
          .path(WRITERS)
          .forEach(writer -> {
            if (!writer.has("subresource") && writer.has("time")) {
              writers.addObject().set("time", writer.path("time"));
            }
          });
    }
    ObjectNode annotations = about.putObject("annotations");
    Metadatas.annotations(metadata).forEach(annotations::put);
    if (kind.kind() != Kind.NAMESPACE && !spec.isMissingNode()) {
      kept.set("spec", spec);
    }
    boolean answered = kind.kind().answered();
    return Optional.of(
        new Written(
            kind.kind(),
            metadata.path("namespace").asString(""),
            metadata.path("name").asString(""),
            kept.toString(),
            answered ? metadata.path("resourceVersion").asString("") : "",
            answered ? object.path("status").toString() : ""));
  }

  // An ExternalName is an alias in DNS: who calls it calls the address behind it. A Service without
  // selector leads to addresses that somebody else writes down. Calls to either go where they would
  // go without the mesh.
  private static boolean leadsToPods(JsonNode spec) {
    return !spec.path("type").asString("").equals("ExternalName")
        && !spec.path("selector").isEmpty();
  }

  /** Of a route, the part that is about Services: its Gateways are for other controllers. */
  private static Optional<JsonNode> maybeOfMesh(JsonNode spec) {
    ArrayNode parents = JsonNodeFactory.instance.arrayNode();
    spec.path("parentRefs")
        .forEach(parent -> {
          if (parent.path("kind").asString("").equals("Service")) {
            parents.add(parent);
          }
        });
    if (parents.isEmpty() || !(spec instanceof ObjectNode whole)) {
      return Optional.empty();
    }
    ObjectNode own = whole.deepCopy();
    own.set("parentRefs", parents);
    return Optional.of(own);
  }

  static List<Kind> kinds() {
    return Arrays.stream(Kind.values())
        .filter(kind -> kind != Kind.POD && kind != Kind.NODE)
        .toList();
  }
}
