package io.refmesh.chaos.scenario;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * One mapping of a scenario, read strictly: what is asked for is checked, what nobody asked for is
 * a mistake. Mistakes are collected, so that one look shows them all; a value that is wrong is
 * replaced by a harmless one until {@link #finish}.
 */
final class Fields {

  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m)");

  private final String path;
  private final Node node;
  private final Findings findings;
  private final Map<String, Node> values = new LinkedHashMap<>();
  private final Map<String, Node> keys = new LinkedHashMap<>();
  private final Set<String> known = new LinkedHashSet<>();
  private final List<Fields> children = new ArrayList<>();

  private Fields(String path, Node node, Findings findings) {
    this.path = path;
    this.node = node;
    this.findings = findings;
  }

  static Fields of(Node node, String path, Findings findings) {
    Fields fields = new Fields(path, node, findings);
    if (!(node instanceof MappingNode mapping)) {
      findings.add(node, path, describe(node) + " (expected: fields with names)");
      return fields;
    }
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        findings.add(tuple.getKeyNode(), path, "a name that is no text (expected: a field's name)");
        continue;
      }
      if (fields.values.put(key.getValue(), tuple.getValueNode()) != null) {
        findings.add(key, fields.at(key.getValue()), "given twice (expected: once)");
      }
      fields.keys.put(key.getValue(), key);
    }
    return fields;
  }

  /** Every field that nobody asked for becomes a mistake, here and in the mappings below. */
  void finish() {
    children.forEach(Fields::finish);
    for (Map.Entry<String, Node> key : keys.entrySet()) {
      if (!known.contains(key.getKey())) {
        findings.add(
            key.getValue(),
            at(key.getKey()),
            "unknown field (expected: one of " + String.join(", ", known) + ")");
      }
    }
  }

  boolean has(String name) {
    known.add(name);
    return values.containsKey(name);
  }

  String at(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /** Where the field stands; the mapping itself when it is not there. */
  Node place(String name) {
    return values.getOrDefault(name, node);
  }

  void problem(String name, String message) {
    findings.add(place(name), at(name), message);
  }

  /** One scalar as it was written; empty when it is not there. */
  Optional<String> text(String name) {
    known.add(name);
    Node value = values.get(name);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof ScalarNode scalar && !scalar.getTag().equals(Tag.NULL)) {
      return Optional.of(scalar.getValue());
    }
    findings.add(value, at(name), describe(value) + " (expected: a text)");
    return Optional.empty();
  }

  String requiredText(String name, String expected) {
    if (!has(name)) {
      missing(name, expected);
    }
    return text(name).orElse("");
  }

  void missing(String name, String expected) {
    known.add(name);
    findings.add(node, at(name), "missing (expected: " + expected + ")");
  }

  /** A text that {@code parser} understands; what it throws becomes the message. */
  <T> Optional<T> parsed(String name, Function<String, T> parser) {
    Optional<String> text = text(name);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(parser.apply(text.get()));
    } catch (IllegalArgumentException e) {
      problem(name, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  Optional<Duration> duration(String name) {
    return parsed(name, Fields::parseDuration);
  }

  Optional<Boolean> flag(String name) {
    return parsed(
        name,
        text ->
            switch (text) {
              case "true" -> true;
              case "false" -> false;
              default ->
                  throw new IllegalArgumentException("\"" + text + "\" (expected: true or false)");
            });
  }

  Optional<Long> number(String name, long least, long most) {
    return parsed(
        name,
        text -> {
          String expected = " (expected: a whole number from " + least + " to " + most + ")";
          try {
            long value = Long.parseLong(text);
            if (value >= least && value <= most) {
              return value;
            }
          } catch (NumberFormatException e) {
            throw new IllegalArgumentException("\"" + text + "\"" + expected, e);
          }
          throw new IllegalArgumentException(text + expected);
        });
  }

  Optional<String> oneOf(String name, String... allowed) {
    return parsed(
        name,
        text -> {
          if (!List.of(allowed).contains(text)) {
            throw new IllegalArgumentException(
                "\"" + text + "\" (expected: " + String.join(" or ", allowed) + ")");
          }
          return text;
        });
  }

  /** The mapping of that name; an empty one when it is not there. */
  Fields object(String name) {
    known.add(name);
    Node value = values.get(name);
    Fields child =
        value == null ? new Fields(at(name), node, findings) : of(value, at(name), findings);
    children.add(child);
    return child;
  }

  List<Fields> objects(String name) {
    List<Fields> objects = new ArrayList<>();
    int index = 0;
    for (Node item : items(name)) {
      Fields child = of(item, at(name) + "[" + index++ + "]", findings);
      children.add(child);
      objects.add(child);
    }
    return objects;
  }

  List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    int index = 0;
    for (Node item : items(name)) {
      if (item instanceof ScalarNode scalar) {
        texts.add(scalar.getValue());
      } else {
        findings.add(item, at(name) + "[" + index + "]", describe(item) + " (expected: a text)");
      }
      index++;
    }
    return texts;
  }

  /** The elements of a list, with their places. */
  List<Node> items(String name) {
    known.add(name);
    Node value = values.get(name);
    if (value == null) {
      return List.of();
    }
    if (value instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    findings.add(value, at(name), describe(value) + " (expected: a list)");
    return List.of();
  }

  /** The names and whole numbers of a mapping whose names are free. */
  Map<String, Long> numbers(String name) {
    Map<String, Long> numbers = new LinkedHashMap<>();
    Fields child = object(name);
    for (String key : child.values.keySet()) {
      child.number(key, 0, Long.MAX_VALUE).ifPresent(value -> numbers.put(key, value));
    }
    return numbers;
  }

  /** The names and texts of a mapping whose names are free. */
  Map<String, String> textMap(String name) {
    Map<String, String> texts = new LinkedHashMap<>();
    Fields child = object(name);
    for (String key : child.values.keySet()) {
      child.text(key).ifPresent(value -> texts.put(key, value));
    }
    return texts;
  }

  static Duration parseDuration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "\"" + text + "\" (expected: a duration with its unit, such as 500ms, 3s or 1m)");
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      default -> Duration.ofMinutes(amount);
    };
  }

  /** A node as plain values: maps, lists, texts, numbers, booleans and null, as JSON has them. */
  static @Nullable Object plain(Node node) {
    return switch (node) {
      case MappingNode mapping -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
          String key = tuple.getKeyNode() instanceof ScalarNode text ? text.getValue() : "?";
          map.put(key, plain(tuple.getValueNode()));
        }
        yield map;
      }
      case SequenceNode sequence ->
          sequence.getValue().stream().<@Nullable Object>map(Fields::plain).toList();
      case ScalarNode scalar -> plain(scalar);
      default -> throw new IllegalStateException("a YAML alias was left unresolved");
    };
  }

  private static @Nullable Object plain(ScalarNode scalar) {
    String text = scalar.getValue();
    Tag tag = scalar.getTag();
    if (tag.equals(Tag.NULL)) {
      return null;
    }
    if (tag.equals(Tag.BOOL)) {
      return Boolean.valueOf(text);
    }
    try {
      if (tag.equals(Tag.INT)) {
        return Long.valueOf(text);
      }
      if (tag.equals(Tag.FLOAT)) {
        return Double.valueOf(text);
      }
    } catch (NumberFormatException e) {
      // YAML knows more ways to write a number than JSON; whoever reads the text will judge it.
    }
    return text;
  }

  private static String describe(Node node) {
    return switch (node) {
      case MappingNode ignored -> "a mapping";
      case SequenceNode ignored -> "a list";
      case ScalarNode scalar ->
          scalar.getTag().equals(Tag.NULL) ? "nothing" : "\"" + scalar.getValue() + "\"";
      default -> "something";
    };
  }
}
