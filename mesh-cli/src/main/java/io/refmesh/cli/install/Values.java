package io.refmesh.cli.install;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * What can be set of an installation, by name ({@code images.proxy}): everything that values.yaml
 * lists, each with a rule. Nothing that was given gets into a manifest without having met its rule.
 */
public final class Values {

  private record Rule(Pattern pattern, String expected) {
    static Rule of(String pattern, String expected) {
      return new Rule(Pattern.compile(pattern), expected);
    }
  }

  private static final Rule TRUTH = Rule.of("true|false", "true or false");
  private static final Rule IMAGE =
      Rule.of("[a-z0-9][a-zA-Z0-9._:/@-]{0,254}", "an image such as refmesh/proxy:0.1.0");
  private static final Rule CPU = Rule.of("[0-9]{1,6}m?", "CPUs such as 100m or 2");
  private static final Rule MEMORY = Rule.of("[0-9]{1,9}(Mi|Gi)", "memory such as 256Mi or 1Gi");

  private static final Map<String, Rule> RULES =
      Map.ofEntries(
          Map.entry("replicas", Rule.of("[1-9]|[1-9][0-9]", "1 to 99")),
          Map.entry("highAvailability", TRUTH),
          Map.entry(
              "trustDomain",
              Rule.of(
                  "[a-z0-9]([a-z0-9.-]{0,253}[a-z0-9])?",
                  "a domain in lower case such as cluster.local")),
          Map.entry("images.control", IMAGE),
          Map.entry("images.proxy", IMAGE),
          Map.entry(
              "images.pullPolicy",
              Rule.of("IfNotPresent|Always|Never", "IfNotPresent, Always or Never")),
          Map.entry("resources.requests.cpu", CPU),
          Map.entry("resources.requests.memory", MEMORY),
          Map.entry("resources.limits.memory", MEMORY),
          Map.entry("webhook.timeoutSeconds", Rule.of("[1-9]|[12][0-9]|30", "1 to 30")),
          Map.entry("webhook.injectFailurePolicy", Rule.of("Ignore|Fail", "Ignore or Fail")));

  /** Every name that there is. */
  static final Set<String> NAMES = RULES.keySet();

  private static final String DEFAULT_TRUST_DOMAIN = "cluster.local";

  private final Map<String, String> byName;

  private Values(Map<String, String> byName) {
    this.byName = byName;
  }

  /** Those of values.yaml, which has every name that there is. */
  static Values defaults(Path file) throws IOException {
    Map<String, String> read = read(file);
    for (String name : NAMES) {
      if (!read.containsKey(name)) {
        throw new BadValueException(file + ": " + name + " is missing (expected: every value)");
      }
    }
    return new Values(read);
  }

  /** With those of a file over these. */
  public Values with(Path file) throws IOException {
    Map<String, String> both = new LinkedHashMap<>(byName);
    both.putAll(read(file));
    return new Values(both);
  }

  /** With one more; {@code where} it was given is said when it cannot be used. */
  public Values with(String where, String name, String value) throws BadValueException {
    Map<String, String> both = new LinkedHashMap<>(byName);
    put(both, where, name, value);
    return new Values(both);
  }

  String text(String name) {
    String value = byName.get(name);
    if (value == null) {
      throw new IllegalStateException("a manifest asks for the value " + name + ", which is none");
    }
    return value;
  }

  boolean truth(String name) {
    return text(name).equals("true");
  }

  /** Whether they say something that is kept in a MeshConfig. */
  public boolean setsMeshConfig() {
    return !text("trustDomain").equals(DEFAULT_TRUST_DOMAIN);
  }

  /**
   * These, with everything that can be part of an installation; what is not there is not deleted.
   */
  public Values everything() throws BadValueException {
    return with("uninstall", "highAvailability", "true").with("uninstall", "trustDomain", "any");
  }

  private static void put(Map<String, String> values, String where, String name, String value)
      throws BadValueException {
    Rule rule = RULES.get(name);
    if (rule == null) {
      throw new BadValueException(
          where
              + ": "
              + name
              + " is not a value of an installation (expected: one of "
              + String.join(", ", NAMES.stream().sorted().toList())
              + ")");
    }
    if (!rule.pattern().matcher(value).matches()) {
      throw new BadValueException(where, name, value, rule.expected());
    }
    values.put(name, value);
  }

  private static Map<String, String> read(Path file) throws IOException {
    String text = Files.readString(file);
    JsonNode tree;
    try {
      tree = YAMLMapper.shared().readTree(text);
    } catch (JacksonException e) {
      throw new BadValueException(file + ": not YAML: " + e.getOriginalMessage());
    }
    Map<String, String> values = new LinkedHashMap<>();
    if (tree != null && !tree.isMissingNode() && !tree.isNull()) {
      collect(values, file, "", tree);
    }
    return values;
  }

  private static void collect(Map<String, String> values, Path file, String name, JsonNode node)
      throws BadValueException {
    if (node.isObject()) {
      for (Map.Entry<String, JsonNode> child : node.properties()) {
        collect(
            values,
            file,
            name.isEmpty() ? child.getKey() : name + "." + child.getKey(),
            child.getValue());
      }
    } else if (node.isValueNode() && !node.isNull() && !name.isEmpty()) {
      put(values, file.toString(), name, node.asString());
    } else {
      throw new BadValueException(
          file.toString(), name.isEmpty() ? "the file" : name, "a list or nothing", "a value");
    }
  }
}
