package io.refmesh.cli.check;

import java.util.Locale;
import tools.jackson.databind.JsonNode;

/**
 * Where the API server keeps objects of a kind.
 *
 * @param version with its group, as {@code apiVersion} has it
 * @param namespace empty for objects of the whole cluster
 */
record Kind(String version, String plural, String namespace) {

  static Kind of(JsonNode object) {
    String kind = object.path("kind").asString().toLowerCase(Locale.ROOT);
    return new Kind(
        object.path("apiVersion").asString(),
        kind.endsWith("y") ? kind.substring(0, kind.length() - 1) + "ies" : kind + "s",
        object.path("metadata").path("namespace").asString(""));
  }

  String group() {
    int slash = version.indexOf('/');
    return slash < 0 ? "" : version.substring(0, slash);
  }

  String path(String name) {
    return (group().isEmpty() ? "/api/" : "/apis/")
        + version
        + (namespace.isEmpty() ? "" : "/namespaces/" + namespace)
        + "/"
        + plural
        + "/"
        + name;
  }
}
