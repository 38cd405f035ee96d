package io.refmesh.control.inject;

import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.ResourceParser;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads an object of the API server with the very reader that a folder's files are read with, so
 * that the same mistake is told in the same words. Pure; any thread.
 */
public final class Validator {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** What users write; the rest of an object's metadata is the API server's. */
  private static final Set<String> METADATA =
      Set.of("name", "namespace", "generation", "labels", "annotations");

  private static final Set<String> ROUTES =
      Set.of("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute");

  private Validator() {}

  /** What is wrong with it, a line each: field, value found and what was expected. */
  public static List<String> problems(ObjectNode object) {
    ObjectNode read = object.deepCopy();
    // Kubernetes sends no kind that this was not registered for; a Workload is no object there.
    read.remove("status");
    if (read.path("metadata") instanceof ObjectNode metadata) {
      if (!metadata.hasNonNull("name") && metadata.hasNonNull("generateName")) {
        metadata.put("name", metadata.path("generateName").asString("") + "0");
      }
      metadata.propertyNames().stream()
          .filter(name -> !METADATA.contains(name))
          .toList()
          .forEach(metadata::remove);
    }
    if (ROUTES.contains(read.path("kind").asString("")) && !keepServices(read)) {
      return List.of();
    }
    return ResourceParser.parseObject(JSON.writeValueAsString(read)).problems().stream()
        .map(Validator::line)
        .toList();
  }

  /**
   * Leaves those parents of a route that are Services; others are another controller's.
   *
   * @return whether any is left
   */
  private static boolean keepServices(ObjectNode route) {
    if (!(route.at("/spec/parentRefs") instanceof ArrayNode parents)) {
      return false;
    }
    parents.removeIf(parent -> !isService(parent));
    return !parents.isEmpty();
  }

  private static boolean isService(JsonNode parent) {
    String group = parent.path("group").asString("");
    return parent.path("kind").asString("").equals("Service")
        && (group.isEmpty() || group.equals("core"));
  }

  private static String line(Problem problem) {
    return problem.field().isEmpty()
        ? problem.object() + ": " + problem.message()
        : problem.field() + ": " + problem.message();
  }
}
