package io.refmesh.cli.install;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;

/**
 * Manifests of a user, with the annotation by which their pods get a sidecar, or without it. The
 * sidecar itself comes from the cluster, which knows its roots and its version.
 */
public final class Workloads {

  private static final String INJECT = "refmesh.io/inject";

  /** Where objects of a kind have what becomes the metadata of pods. */
  private static final Map<String, String> POD_METADATA =
      Map.of(
          "Pod", "/metadata",
          "Namespace", "/metadata",
          "Deployment", "/spec/template/metadata",
          "StatefulSet", "/spec/template/metadata",
          "DaemonSet", "/spec/template/metadata",
          "ReplicaSet", "/spec/template/metadata",
          "ReplicationController", "/spec/template/metadata",
          "Job", "/spec/template/metadata",
          "CronJob", "/spec/jobTemplate/spec/template/metadata");

  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .enable(YAMLWriteFeature.MINIMIZE_QUOTES)
          .enable(YAMLWriteFeature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
          .disable(YAMLWriteFeature.SPLIT_LINES)
          .build();

  private final List<JsonNode> documents;
  private final List<String> changed = new ArrayList<>();

  private Workloads(List<JsonNode> documents) {
    this.documents = documents;
  }

  /**
   * @param name of the file, for what is said when it cannot be read
   */
  public static Workloads read(String name, String text) throws IOException {
    try (MappingIterator<JsonNode> read = YAML.readerFor(JsonNode.class).readValues(text)) {
      return new Workloads(read.readAll().stream().filter(node -> !node.isNull()).toList());
    } catch (JacksonException e) {
      throw new BadValueException(name + ": not YAML: " + e.getOriginalMessage());
    }
  }

  public Workloads inject() {
    documents.forEach(document -> each(document, true));
    return this;
  }

  public Workloads uninject() {
    documents.forEach(document -> each(document, false));
    return this;
  }

  /** Kind and name of each object that is another one now. */
  public List<String> changed() {
    return changed;
  }

  public String text() {
    StringBuilder text = new StringBuilder();
    for (JsonNode document : documents) {
      text.append(YAML.writeValueAsString(document));
    }
    return text.toString();
  }

  private void each(JsonNode object, boolean inject) {
    String kind = object.path("kind").asString("");
    if (kind.equals("List")) {
      object.path("items").forEach(item -> each(item, inject));
      return;
    }
    String path = POD_METADATA.get(kind);
    if (path == null
        || !(object.at(path.substring(0, path.lastIndexOf('/'))) instanceof ObjectNode parent)) {
      return;
    }
    ObjectNode metadata = child(parent, "metadata");
    boolean differs;
    if (inject) {
      JsonNode before = child(metadata, "annotations").get(INJECT);
      child(metadata, "annotations").put(INJECT, "enabled");
      differs = before == null || !before.asString("").equals("enabled");
    } else {
      differs = remove(metadata, "annotations") | remove(metadata, "labels");
    }
    if (differs) {
      changed.add(kind + " " + object.path("metadata").path("name").asString(""));
    }
  }

  private static ObjectNode child(ObjectNode parent, String name) {
    return parent.get(name) instanceof ObjectNode there ? there : parent.putObject(name);
  }

  private static boolean remove(ObjectNode metadata, String map) {
    if (!(metadata.get(map) instanceof ObjectNode entries) || entries.remove(INJECT) == null) {
      return false;
    }
    if (entries.isEmpty()) {
      metadata.remove(map);
    }
    return true;
  }
}
