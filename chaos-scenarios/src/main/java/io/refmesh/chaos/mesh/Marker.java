package io.refmesh.chaos.mesh;

import io.refmesh.chaos.scenario.MeshResource;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * By which one sees how far a control plane has read: a detour of a service that nobody calls,
 * changed with every change that is waited for. Thread-safe.
 */
public final class Marker {

  /** The layer that holds it; read behind all others where the order of names counts. */
  public static final String LAYER = "zz-marker";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final AtomicInteger revision = new AtomicInteger();

  /** The next one; no control plane has seen it. */
  public Mark next() {
    String via = "127.0.0.1:" + (1 + revision.incrementAndGet() % 65_000);
    return new Mark(
        via,
        new MeshResource(
            "Detour",
            ShopFolder.NAMESPACE,
            ShopFolder.MARKER,
            JSON.writeValueAsString(
                Map.of(
                    "apiVersion",
                    "refmesh.io/v1alpha1",
                    "kind",
                    "Detour",
                    "metadata",
                    Map.of("name", ShopFolder.MARKER, "namespace", ShopFolder.NAMESPACE),
                    "spec",
                    Map.of(
                        "targetRefs",
                        // A Service of the shop's folder, behind which there is nobody.
                        java.util.List.of(Map.of("kind", "Service", "name", ShopFolder.MARKER)),
                        "via",
                        via,
                        "expiresAfter",
                        "1m")))));
  }

  /**
   * One change.
   *
   * @param via how it is recognised
   */
  public record Mark(String via, MeshResource resource) {

    /**
     * What is still missing, a sentence; empty when everything is in force.
     *
     * @param state what {@code /state} of a control plane says
     */
    public String missing(JsonNode state) {
      boolean read = false;
      for (JsonNode detour : state.path("detours")) {
        read |= detour.path("via").asString("").equals(via);
      }
      if (!read) {
        StringBuilder problems = new StringBuilder();
        for (JsonNode problem : state.path("problems")) {
          problems
              .append("; ")
              .append(problem.path("object").asString(""))
              .append(": ")
              .append(problem.path("message").asString(""));
        }
        return "the control plane has not read it" + problems;
      }
      for (JsonNode proxy : state.path("proxies")) {
        for (JsonNode resource : proxy.path("resources")) {
          if (resource.path("sent").asLong() > resource.path("applied").asLong()) {
            return "the sidecar of "
                + proxy.path("workload").asString("")
                + "-"
                + proxy.path("replica").asInt()
                + " has not applied "
                + resource.path("resource").asString("")
                + (resource.path("reason").asString("").isEmpty()
                    ? ""
                    : ": " + resource.path("reason").asString(""));
          }
        }
      }
      return "";
    }
  }
}
