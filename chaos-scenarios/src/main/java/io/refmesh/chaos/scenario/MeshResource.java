package io.refmesh.chaos.scenario;

import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * One object that a scenario puts into the mesh's folder.
 *
 * @param json the object, which is YAML as well
 */
public record MeshResource(String kind, String namespace, String name, String json) {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  static MeshResource of(String kind, String namespace, String name, Map<?, ?> document) {
    return new MeshResource(
        kind, namespace, name, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(document));
  }

  /** What tells it from other objects; of two with the same key the later one counts. */
  public String key() {
    return kind + "/" + namespace + "/" + name;
  }

  /** {@code resiliencepolicy-shop-pricing}, unique among keys. */
  public String fileName() {
    return kind.toLowerCase(java.util.Locale.ROOT) + "-" + namespace + "-" + name;
  }
}
