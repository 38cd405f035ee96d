package io.refmesh.control.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Each CustomResourceDefinition beside the reader of its kind: the same fields, both ways. */
class SchemasTest {

  private static final Path FOLDER = Path.of("../kind-config/crds");
  private static final YAMLMapper YAML = YAMLMapper.builder().build();
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** A field that no reader knows; it answers with those that it does. */
  private static final String STRANGER = "zzz";

  private static final Pattern KNOWN =
      Pattern.compile("unknown field \\(expected: one of ([A-Za-z, ]+)\\)");

  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  @Test
  void thereIsOneForEachOfOurKinds() throws IOException {
    TreeSet<String> kinds = new TreeSet<>();
    for (Path file : files()) {
      JsonNode definition = YAML.readTree(Files.readString(file));
      kinds.add(definition.at("/spec/names/kind").asString(""));
      assertThat(file.getFileName().toString())
          .isEqualTo(definition.at("/spec/names/plural").asString("") + ".yaml");
      assertThat(definition.at("/spec/versions/0/subresources/status").isObject()).isTrue();
      assertThat(definition.at("/spec/versions/0/additionalPrinterColumns").size()).isPositive();
    }
    assertThat(kinds)
        .containsExactly(
            "AuthorizationPolicy",
            "Detour",
            "EgressPolicy",
            "FaultPolicy",
            "MeshConfig",
            "RateLimitPolicy",
            "ResiliencePolicy");
  }

  @ParameterizedTest
  @MethodSource("files")
  void hasTheFieldsOfItsReaderAndNoOthers(Path file) throws IOException {
    JsonNode definition = YAML.readTree(Files.readString(file));
    JsonNode schema = spec(definition);
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("apiVersion", "refmesh.io/v1alpha1");
    object.put("kind", definition.at("/spec/names/kind").asString(""));
    object.putObject("metadata").put("name", "mesh").put("namespace", "refmesh-system");
    Map<String, TreeSet<String>> inSchema = new TreeMap<>();
    object.set("spec", example(schema, "spec", inSchema));

    Map<String, TreeSet<String>> inReader = new TreeMap<>();
    for (Problem problem :
        ResourceParser.parse(Path.of("object"), JSON.writeValueAsString(object)).problems()) {
      if (problem.message().startsWith("unknown field")) {
        assertThat(problem.field()).as("a field that the reader does not know").endsWith(STRANGER);
        Matcher known = KNOWN.matcher(problem.message());
        assertThat(known.find()).as(problem.message()).isTrue();
        inReader.put(
            problem.field().substring(0, problem.field().length() - STRANGER.length() - 1),
            new TreeSet<>(Arrays.asList(known.group(1).split(", ", -1))));
      }
    }

    assertThat(inSchema).hasSizeGreaterThan(1);
    assertThat(inReader).isEqualTo(inSchema);
  }

  @Test
  void hasTheDefaultsOfTheReader() throws IOException {
    JsonNode schema = spec(YAML.readTree(Files.readString(FOLDER.resolve("meshconfigs.yaml"))));
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("kind", "MeshConfig");
    ObjectNode defaults = defaults(schema);
    object.set("spec", defaults);

    ParseResult result = ResourceParser.parse(Path.of("object"), JSON.writeValueAsString(object));

    assertThat(result.problems()).isEmpty();
    MeshConfig read = (MeshConfig) result.resources().getFirst();
    assertThat(read.trustDomain()).isEqualTo(MeshConfig.DEFAULT.trustDomain());
    assertThat(read.clusterDomain()).isEqualTo(MeshConfig.DEFAULT.clusterDomain());
    assertThat(read.identity()).isEqualTo(MeshConfig.DEFAULT.identity());
    assertThat(read.proxy()).isEqualTo(MeshConfig.DEFAULT.proxy());
    assertThat(defaults.path("proxy").propertyNames())
        .containsExactlyInAnyOrder("defaultInboundPolicy", "profile", "accessLog", "drainTimeout");
  }

  /** What is left out of a policy comes from a wider one: a default would hide it. */
  @Test
  void hasNoDefaultsWhereLeavingOutSaysSomething() throws IOException {
    for (Path file : files()) {
      List<String> withDefaults = new ArrayList<>();
      defaulted(spec(YAML.readTree(Files.readString(file))), "spec", withDefaults);
      switch (file.getFileName().toString()) {
        case "meshconfigs.yaml" -> assertThat(withDefaults).hasSizeGreaterThan(8);
        case "faultpolicies.yaml" ->
            assertThat(withDefaults).containsExactly("spec.faults[0].percent");
        default -> assertThat(withDefaults).as(file.toString()).isEmpty();
      }
    }
  }

  private static JsonNode spec(JsonNode definition) {
    return definition.at("/spec/versions/0/schema/openAPIV3Schema/properties/spec");
  }

  /** Every field of the schema, and in each mapping one that is in none. */
  private static JsonNode example(
      JsonNode schema, String path, Map<String, TreeSet<String>> mappings) {
    JsonNodeFactory make = JsonNodeFactory.instance;
    if (schema.path("x-kubernetes-int-or-string").asBoolean(false)) {
      return make.numberNode(Math.max(1, schema.path("minimum").asInt(0)));
    }
    if (schema.path("x-kubernetes-preserve-unknown-fields").asBoolean(false)) {
      return schema.at("/enum/0");
    }
    switch (schema.path("type").asString("")) {
      case "object" -> {
        ObjectNode object = make.objectNode();
        if (schema.has("additionalProperties")) {
          object.put("app", "cart");
          return object;
        }
        TreeSet<String> fields = new TreeSet<>();
        schema
            .path("properties")
            .forEachEntry((name, field) -> {
              fields.add(name);
              object.set(name, example(field, path + "." + name, mappings));
            });
        object.put(STRANGER, 1);
        mappings.put(path, fields);
        return object;
      }
      case "array" -> {
        ArrayNode array = make.arrayNode();
        array.add(example(schema.path("items"), path + "[0]", mappings));
        return array;
      }
      case "integer" -> {
        return make.numberNode(schema.path("minimum").asInt(0));
      }
      case "boolean" -> {
        return make.booleanNode(true);
      }
      case "string" -> {
        return make.stringNode(schema.has("enum") ? schema.at("/enum/0").asString() : "a");
      }
      default -> throw new AssertionError(path + ": type " + schema.path("type"));
    }
  }

  private static ObjectNode defaults(JsonNode schema) {
    ObjectNode defaults = JsonNodeFactory.instance.objectNode();
    schema
        .path("properties")
        .forEachEntry((name, field) -> {
          if (field.path("type").asString("").equals("object") && field.has("default")) {
            defaults.set(name, defaults(field));
          } else if (field.has("default")) {
            defaults.set(name, field.path("default"));
          }
        });
    return defaults;
  }

  private static void defaulted(JsonNode schema, String path, List<String> found) {
    if (schema.has("default")) {
      found.add(path);
    }
    schema
        .path("properties")
        .forEachEntry((name, field) -> defaulted(field, path + "." + name, found));
    if (schema.has("items")) {
      defaulted(schema.path("items"), path + "[0]", found);
    }
  }
}
