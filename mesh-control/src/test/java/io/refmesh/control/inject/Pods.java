package io.refmesh.control.inject;

import io.refmesh.control.registry.MeshConfig;
import io.refmesh.model.identity.SpiffeId;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** What tests of the injector begin with. */
final class Pods {

  static final YAMLMapper YAML = YAMLMapper.builder().build();

  static final InjectSettings SETTINGS =
      new InjectSettings(
          "refmesh/proxy:0.1.0",
          "IfNotPresent",
          "0.1.0",
          "refmesh-control.refmesh-system.svc:8086",
          SpiffeId.parse("spiffe://cluster.local/ns/refmesh-system/sa/control-plane"),
          "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
          MeshConfig.DEFAULT);

  static final PodNamespace SHOP =
      new PodNamespace("shop", Map.of("refmesh.io/inject", "enabled"), Map.of());

  private Pods() {}

  static ObjectNode pod(String yaml) {
    return (ObjectNode) YAML.readTree(yaml);
  }

  static PodNamespace namespace(JsonNode object) {
    return new PodNamespace(
        object.at("/metadata/name").asString(""),
        texts(object.at("/metadata/labels")),
        texts(object.at("/metadata/annotations")));
  }

  /** The pod after the patch, as an API server would apply it: {@code add} of RFC 6902. */
  static ObjectNode applied(ObjectNode pod, ArrayNode patch) {
    ObjectNode result = pod.deepCopy();
    for (JsonNode operation : patch) {
      String path = operation.path("path").asString("");
      int slash = path.lastIndexOf('/');
      JsonNode parent = result.at(path.substring(0, slash));
      String last = path.substring(slash + 1).replace("~1", "/").replace("~0", "~");
      JsonNode value = operation.path("value").deepCopy();
      switch (parent) {
        case ObjectNode object -> object.set(last, value);
        case ArrayNode array when last.equals("-") -> array.add(value);
        case ArrayNode array -> array.insert(Integer.parseInt(last), value);
        default -> throw new AssertionError(path + ": nothing to add to");
      }
    }
    return result;
  }

  private static Map<String, String> texts(JsonNode mapping) {
    Map<String, String> texts = new HashMap<>();
    mapping.forEachEntry((name, value) -> texts.put(name, value.asString("")));
    return texts;
  }
}
