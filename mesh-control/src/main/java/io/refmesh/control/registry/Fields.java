package io.refmesh.control.registry;

import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * One mapping of a document, read field by field. What does not fit is reported with its place and
 * read as absent; what was never asked for is reported as unknown when the {@link Report} finishes.
 */
final class Fields {

  private final Node at;
  private final String path;
  private final Report report;
  private final Map<String, Node> values = new LinkedHashMap<>();
  private final Map<String, Node> keys = new LinkedHashMap<>();
  private final TreeSet<String> asked = new TreeSet<>();

  private Fields(Node at, String path, Report report) {
    this.at = at;
    this.path = path;
    this.report = report;
  }

  /** Reads {@code node} as a mapping; anything else is reported and read as an empty one. */
  static Fields of(Node node, String path, Report report) {
    Fields fields = new Fields(node, path, report);
    if (!(node instanceof MappingNode mapping)) {
      report.add(node, path, found(node) + " (expected: a mapping of fields)");
      return fields;
    }
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        report.add(
            tuple.getKeyNode(), path, "a key that is no text (expected: the name of a field)");
        continue;
      }
      if (fields.keys.put(key.getValue(), key) != null) {
        report.add(
            key, fields.child(key.getValue()), "is given twice (expected: once; remove one)");
        continue;
      }
      // `field:` with nothing behind it means absent, as in Kubernetes.
      if (!isNull(tuple.getValueNode())) {
        fields.values.put(key.getValue(), tuple.getValueNode());
      }
    }
    report.opened(fields);
    return fields;
  }

  String path() {
    return path;
  }

  boolean isEmpty() {
    return values.isEmpty();
  }

  boolean has(String name) {
    asked.add(name);
    return values.containsKey(name);
  }

  /** The field is allowed and has no meaning here. */
  void ignore(String... names) {
    asked.addAll(List.of(names));
  }

  /** Whatever is here has no meaning. */
  void ignoreAll() {
    asked.addAll(keys.keySet());
  }

  /** Reports a problem with one field, or with the whole mapping when the field is absent. */
  void problem(String name, String message) {
    report.add(at(name), child(name), message);
  }

  /** Reports a problem with the mapping as a whole. */
  void problem(String message) {
    report.add(at, path, message);
  }

  Optional<String> text(String name) {
    Node node = value(name);
    if (node == null) {
      return Optional.empty();
    }
    if (node instanceof ScalarNode scalar && scalar.getTag().equals(Tag.STR)) {
      return Optional.of(scalar.getValue());
    }
    problem(name, found(node) + " (expected: text" + quoteIt(node) + ")");
    return Optional.empty();
  }

  /** The text; a problem and {@code ""} when it is absent or empty. */
  String requiredText(String name, String expected) {
    Optional<String> text = text(name);
    if (text.isEmpty() && !values.containsKey(name) || text.isPresent() && text.get().isEmpty()) {
      missing(name, expected);
    }
    return text.orElse("");
  }

  /**
   * A text that {@code parse} reads; its {@link IllegalArgumentException} is the problem's message.
   */
  <T> Optional<T> parsed(String name, Function<String, T> parse) {
    return text(name).flatMap(text -> parsed(name, text, parse));
  }

  <T> Optional<T> parsed(String name, String text, Function<String, T> parse) {
    try {
      return Optional.of(parse.apply(text));
    } catch (IllegalArgumentException | DateTimeException e) {
      problem(name, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  Optional<String> oneOf(String name, String... allowed) {
    return parsed(
        name,
        text -> {
          if (!List.of(allowed).contains(text)) {
            throw new IllegalArgumentException(
                "\"" + text + "\" (expected: " + Words.alternatives(allowed) + ")");
          }
          return text;
        });
  }

  Optional<Integer> integer(String name, int from, int to) {
    Node node = value(name);
    return node == null ? Optional.empty() : integer(node, child(name), from, to);
  }

  int requiredInteger(String name, int from, int to) {
    if (!has(name)) {
      missing(name, "a whole number from " + from + " to " + to);
    }
    return integer(name, from, to).orElse(from);
  }

  Optional<Boolean> flag(String name) {
    Node node = value(name);
    if (node == null) {
      return Optional.empty();
    }
    if (node instanceof ScalarNode scalar && scalar.getTag().equals(Tag.BOOL)) {
      return Optional.of(Boolean.valueOf(scalar.getValue()));
    }
    problem(name, found(node) + " (expected: true or false)");
    return Optional.empty();
  }

  /** Whether it is the boolean {@code false}; anything else is not read by this. */
  boolean isFalse(String name) {
    return value(name) instanceof ScalarNode scalar
        && scalar.getTag().equals(Tag.BOOL)
        && scalar.getValue().equals("false");
  }

  Optional<Duration> duration(String name, Duration from, Duration to) {
    Node node = value(name);
    if (node == null) {
      return Optional.empty();
    }
    String expected =
        "expected: a duration from "
            + Quantities.text(from)
            + " to "
            + Quantities.text(to)
            + " with its unit, such as 500ms, 2s, 1m or 24h";
    Optional<Duration> duration =
        node instanceof ScalarNode scalar
            ? Quantities.duration(scalar.getValue())
            : Optional.empty();
    if (duration.isEmpty()
        || duration.get().compareTo(from) < 0
        || duration.get().compareTo(to) > 0) {
      problem(name, found(node) + " (" + expected + ")");
      return Optional.empty();
    }
    return duration;
  }

  Optional<Integer> bytes(String name, int from, int to) {
    Node node = value(name);
    if (node == null) {
      return Optional.empty();
    }
    Optional<Long> bytes =
        node instanceof ScalarNode scalar ? Quantities.bytes(scalar.getValue()) : Optional.empty();
    if (bytes.isEmpty() || bytes.get() < from || bytes.get() > to) {
      problem(
          name,
          found(node)
              + " (expected: a size from "
              + Quantities.text(from)
              + " to "
              + Quantities.text(to)
              + ", such as 512, 64Ki or 1Mi)");
      return Optional.empty();
    }
    return Optional.of(bytes.get().intValue());
  }

  /** A mapping below this one; an absent one reads as empty. */
  Fields object(String name) {
    Node node = value(name);
    return node == null ? new Fields(at(name), child(name), report) : of(node, child(name), report);
  }

  List<Fields> objects(String name) {
    List<Fields> objects = new ArrayList<>();
    int index = 0;
    for (Node item : items(name)) {
      objects.add(of(item, child(name) + "[" + index++ + "]", report));
    }
    return objects;
  }

  List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    int index = 0;
    for (Node item : items(name)) {
      if (item instanceof ScalarNode scalar && scalar.getTag().equals(Tag.STR)) {
        texts.add(scalar.getValue());
      } else {
        report.add(
            item,
            child(name) + "[" + index + "]",
            found(item) + " (expected: text" + quoteIt(item) + ")");
      }
      index++;
    }
    return texts;
  }

  /** Scalars as they are written, numbers included: arguments of a command, codes. */
  List<String> words(String name) {
    List<String> words = new ArrayList<>();
    int index = 0;
    for (Node item : items(name)) {
      if (item instanceof ScalarNode scalar) {
        words.add(scalar.getValue());
      } else {
        report.add(
            item, child(name) + "[" + index + "]", found(item) + " (expected: text or a number)");
      }
      index++;
    }
    return words;
  }

  <T> List<T> parsedList(String name, List<String> texts, Function<String, T> parse) {
    List<T> parsed = new ArrayList<>();
    List<Node> items = items(name);
    for (int index = 0; index < texts.size(); index++) {
      try {
        parsed.add(parse.apply(texts.get(index)));
      } catch (IllegalArgumentException e) {
        report.add(
            items.get(Math.min(index, items.size() - 1)),
            child(name) + "[" + index + "]",
            String.valueOf(e.getMessage()));
      }
    }
    return parsed;
  }

  List<Integer> integers(String name, int from, int to) {
    List<Integer> integers = new ArrayList<>();
    int index = 0;
    for (Node item : items(name)) {
      integer(item, child(name) + "[" + index++ + "]", from, to).ifPresent(integers::add);
    }
    return integers;
  }

  /** Text by text, as labels are. */
  Map<String, String> textMap(String name) {
    return map(name, true);
  }

  /** Scalars by text as they are written: numbers and booleans need no quotes. */
  Map<String, String> wordMap(String name) {
    return map(name, false);
  }

  void missing(String name, String expected) {
    problem(name, "is missing (expected: " + expected + ")");
  }

  /** A value that is a whole number or text, by the place that the caller reports at. */
  Optional<String> word(String name) {
    Node node = value(name);
    if (node == null) {
      return Optional.empty();
    }
    if (node instanceof ScalarNode scalar
        && (scalar.getTag().equals(Tag.STR) || scalar.getTag().equals(Tag.INT))) {
      return Optional.of(scalar.getValue());
    }
    problem(name, found(node) + " (expected: a number or text)");
    return Optional.empty();
  }

  void reportUnknown() {
    keys.forEach((name, key) -> {
      if (!asked.contains(name)) {
        report.add(
            key,
            child(name),
            "unknown field (expected: "
                + (asked.isEmpty() ? "no field here" : "one of " + String.join(", ", asked))
                + Words.closest(name, asked)
                    .map(known -> "; did you mean " + known + "?")
                    .orElse("")
                + ")");
      }
    });
  }

  private Map<String, String> map(String name, boolean onlyText) {
    Map<String, String> map = new LinkedHashMap<>();
    if (!has(name)) {
      return map;
    }
    Fields entries = object(name);
    for (Map.Entry<String, Node> entry : entries.values.entrySet()) {
      entries.asked.add(entry.getKey());
      if (entry.getValue() instanceof ScalarNode scalar
          && (!onlyText || scalar.getTag().equals(Tag.STR))) {
        map.put(entry.getKey(), scalar.getValue());
      } else {
        entries.problem(
            entry.getKey(),
            found(entry.getValue()) + " (expected: text" + quoteIt(entry.getValue()) + ")");
      }
    }
    // A key without a value is an empty text here.
    for (String key : entries.keys.keySet()) {
      entries.asked.add(key);
      map.putIfAbsent(key, "");
    }
    return map;
  }

  private Optional<Integer> integer(Node node, String field, int from, int to) {
    if (node instanceof ScalarNode scalar && scalar.getTag().equals(Tag.INT)) {
      try {
        int value = Integer.parseInt(scalar.getValue());
        if (value >= from && value <= to) {
          return Optional.of(value);
        }
      } catch (NumberFormatException e) {
        // Too long for an int: the message below says the range.
      }
    }
    report.add(
        node, field, found(node) + " (expected: a whole number from " + from + " to " + to + ")");
    return Optional.empty();
  }

  private List<Node> items(String name) {
    Node node = value(name);
    if (node == null) {
      return List.of();
    }
    if (node instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    problem(name, found(node) + " (expected: a list)");
    return List.of();
  }

  private @Nullable Node value(String name) {
    asked.add(name);
    return values.get(name);
  }

  private Node at(String name) {
    Node value = values.get(name);
    if (value != null) {
      return value;
    }
    Node key = keys.get(name);
    return key != null ? key : at;
  }

  private String child(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  private static boolean isNull(Node node) {
    return node instanceof ScalarNode scalar && scalar.getTag().equals(Tag.NULL);
  }

  private static String found(Node node) {
    return switch (node) {
      case ScalarNode scalar when scalar.getTag().equals(Tag.STR) ->
          "\"" + Words.shortened(scalar.getValue()) + "\"";
      case ScalarNode scalar -> Words.shortened(scalar.getValue());
      case SequenceNode sequence -> "a list";
      case MappingNode mapping -> "a mapping";
      default -> "something else";
    };
  }

  private static String quoteIt(Node node) {
    return node instanceof ScalarNode scalar
        ? "; put it in quotes: \"" + Words.shortened(scalar.getValue()) + "\""
        : "";
  }
}
