package io.refmesh.cli.install;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * The one set of manifests: kind-config of a checkout, a Helm chart as well. What is applied, what
 * is deleted and what is checked all come from here.
 */
public final class Manifests {

  /** In the order in which they are applied; what comes later needs what came before. */
  static final List<String> CONTROL_PLANE =
      List.of(
          "mesh-config.yaml", "rbac.yaml", "installation.yaml", "deployment.yaml", "webhooks.yaml");

  private static final String NAMESPACE = "namespace.yaml";

  private final Path folder;
  private final String version;

  /** Which part. */
  public enum Part {
    ALL,
    CRDS,
    WITHOUT_CRDS
  }

  /**
   * @param home of a checkout
   */
  public static Manifests of(Path home) throws IOException {
    Path folder = home.resolve("kind-config");
    if (!Files.isDirectory(folder)) {
      throw new IOException(folder + " is not there (expected: a whole checkout)");
    }
    return new Manifests(
        folder,
        YAMLMapper.shared()
            .readTree(Files.readString(folder.resolve("Chart.yaml")))
            .path("appVersion")
            .asString());
  }

  private Manifests(Path folder, String version) {
    this.folder = folder;
    this.version = version;
  }

  /** Of what is installed, such as {@code 0.1.0}. */
  public String version() {
    return version;
  }

  public Values defaults() throws IOException {
    return Values.defaults(folder.resolve("values.yaml"));
  }

  /** YAML to be applied. */
  public String install(Values values, Part part) throws IOException {
    List<String> texts = new ArrayList<>();
    if (part != Part.CRDS) {
      texts.add(rendered(NAMESPACE, values));
    }
    if (part != Part.WITHOUT_CRDS) {
      for (Path crd : crds()) {
        texts.add(Files.readString(crd));
      }
    }
    if (part != Part.CRDS) {
      for (String name : CONTROL_PLANE) {
        texts.add(rendered(name, values));
      }
    }
    return joined(texts);
  }

  /**
   * YAML to be deleted: names only, last first, so that the API server asks no webhook whose server
   * is gone.
   */
  public String uninstall(Values values, Part part) throws IOException {
    List<String> texts = new ArrayList<>();
    for (JsonNode object : objects(values, part).reversed()) {
      JsonNode namespace = object.path("metadata").path("namespace");
      texts.add(
          "apiVersion: "
              + object.path("apiVersion").asString()
              + "\nkind: "
              + object.path("kind").asString()
              + "\nmetadata:\n  name: "
              + object.path("metadata").path("name").asString()
              + "\n"
              + (namespace.isMissingNode() ? "" : "  namespace: " + namespace.asString() + "\n"));
    }
    return joined(texts);
  }

  /** What {@link #install} says, read. */
  public List<JsonNode> objects(Values values, Part part) throws IOException {
    YAMLMapper yaml = YAMLMapper.shared();
    try (MappingIterator<JsonNode> documents =
        yaml.readerFor(JsonNode.class).readValues(install(values, part))) {
      return documents.readAll().stream().filter(JsonNode::isObject).toList();
    }
  }

  private List<Path> crds() throws IOException {
    Path crds = folder.resolve("crds");
    if (!Files.isDirectory(crds)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(crds)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  private String rendered(String name, Values values) throws IOException {
    return Template.render(
        Files.readString(folder.resolve("templates").resolve(name)), values, version);
  }

  private static String joined(List<String> texts) {
    StringBuilder joined = new StringBuilder();
    for (String text : texts) {
      if (!text.isBlank()) {
        if (!joined.isEmpty() && !text.startsWith("---")) {
          joined.append("---\n");
        }
        joined.append(text);
      }
    }
    return joined.toString();
  }
}
