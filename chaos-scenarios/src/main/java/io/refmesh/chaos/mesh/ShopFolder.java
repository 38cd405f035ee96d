package io.refmesh.chaos.mesh;

import io.refmesh.chaos.scenario.MeshResource;
import io.refmesh.chaos.scenario.Topology;
import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.Service;
import io.refmesh.control.registry.Workload;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import tools.jackson.databind.json.JsonMapper;

/**
 * The folder of a group's mesh: the shop as it ships, with the group's changes, the workload that
 * the load comes from, and a Service that nobody calls, by which one can see that the control plane
 * has read the folder.
 */
public final class ShopFolder {

  /** The workload inside which the load generator runs; {@code shop/load-0} is its instance. */
  public static final String LOAD = "load";

  public static final String NAMESPACE = "shop";

  /** Nothing is behind it. */
  public static final String MARKER = "e2e-marker";

  /** Where every application of the shop answers about itself. */
  public static final int ADMIN_PORT = 8090;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private ShopFolder() {}

  /**
   * Writes the folder.
   *
   * @param seed of the shop's own draws
   */
  public static void write(RefmeshHome home, Path folder, Topology topology, long seed)
      throws IOException {
    Files.createDirectories(folder);
    Path shop = home.directory().resolve("demo-shop").resolve("mesh");
    List<Path> files;
    try (Stream<Path> all = Files.list(shop)) {
      files = all.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
    List<String> documents = new ArrayList<>();
    for (Path file : files) {
      for (Object document :
          new Load(LoadSettings.builder().build()).loadAllFromString(Files.readString(file))) {
        if (document instanceof Map<?, ?> object) {
          documents.add(
              JSON.writerWithDefaultPrettyPrinter()
                  .writeValueAsString(changed(object, topology, seed)));
        }
      }
    }
    documents.add(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(load()));
    documents.add(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(marker()));
    topology.resources().stream().map(MeshResource::json).forEach(documents::add);
    Files.writeString(folder.resolve("shop.yaml"), String.join("\n---\n", documents) + "\n");
  }

  /** Names of the workloads behind each service, by its name. */
  public static Map<String, List<String>> workloadsOfServices(Contents contents) {
    Map<String, List<String>> workloads = new TreeMap<>();
    for (Service service : contents.only(Service.class)) {
      workloads.put(
          service.metadata().name(),
          contents.only(Workload.class).stream()
              .filter(workload ->
                  workload.metadata().namespace().equals(service.metadata().namespace())
                      && !service.selector().isEmpty()
                      && workload
                          .metadata()
                          .labels()
                          .entrySet()
                          .containsAll(service.selector().entrySet()))
              .map(workload -> workload.metadata().name())
              .toList());
    }
    return workloads;
  }

  private static Map<?, ?> changed(Map<?, ?> object, Topology topology, long seed) {
    if (!"Workload".equals(object.get("kind"))
        || !(object.get("metadata") instanceof Map<?, ?> metadata)
        || !(object.get("spec") instanceof Map<?, ?> spec)) {
      return object;
    }
    Map<@Nullable Object, @Nullable Object> env = new LinkedHashMap<>();
    if (spec.get("env") instanceof Map<?, ?> given) {
      env.putAll(given);
    }
    env.put("SEED", Long.toString(seed));
    Map<@Nullable Object, @Nullable Object> newSpec = new LinkedHashMap<>(spec);
    newSpec.put("env", env);
    Integer replicas = topology.replicas().get(String.valueOf(metadata.get("name")));
    if (replicas != null) {
      newSpec.put("replicas", replicas);
    }
    Map<@Nullable Object, @Nullable Object> changed = new LinkedHashMap<>(object);
    changed.put("spec", newSpec);
    return changed;
  }

  private static Map<String, Object> load() {
    return Map.of(
        "apiVersion",
        "refmesh.io/v1alpha1",
        "kind",
        "Workload",
        "metadata",
        Map.of("name", LOAD, "namespace", NAMESPACE, "labels", Map.of("app", LOAD)),
        "spec",
        Map.of(
            "command",
            List.of("sleep", "infinity"),
            "serviceAccount",
            LOAD,
            "zones",
            List.of("a")));
  }

  private static Map<String, Object> marker() {
    return Map.of(
        "apiVersion",
        "v1",
        "kind",
        "Service",
        "metadata",
        Map.of("name", MARKER, "namespace", NAMESPACE),
        "spec",
        Map.of(
            "selector", Map.of("app", MARKER),
            "ports", List.of(Map.of("name", "http", "port", 8080, "appProtocol", "http"))));
  }
}
