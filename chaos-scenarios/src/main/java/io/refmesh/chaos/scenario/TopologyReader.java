package io.refmesh.chaos.scenario;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads a {@code Topology}: what a group of scenarios runs on. */
public final class TopologyReader {

  private TopologyReader() {}

  /** Reads one file's text; {@code file} is only named in mistakes. */
  public static Topology read(String file, String text) throws BadScenarioException {
    Findings findings = new Findings(file);
    Fields root = Fields.of(YamlDocument.compose(file, text), "", findings);
    ScenarioReader.requireKind(root, "Topology");
    String name = root.object("metadata").requiredText("name", "the group's name");
    root.oneOf("use", "demo/shop");
    if (!root.has("use")) {
      root.missing("use", "demo/shop");
    }
    Map<String, Integer> replicas = new LinkedHashMap<>();
    root.numbers("replicas")
        .forEach(
            (workload, count) -> replicas.put(workload, Math.toIntExact(Math.min(count, 100))));
    List<MeshResource> resources = MeshResourceReader.read(root, "resources", findings);
    root.finish();
    YamlDocument.throwIfAny(findings);
    return new Topology(name, replicas, resources);
  }
}
