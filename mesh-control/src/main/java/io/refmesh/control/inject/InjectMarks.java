package io.refmesh.control.inject;

import io.refmesh.control.registry.Annotations;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Marks workloads for the injector, or takes the marks away. Manifests are texts that people keep:
 * a mark is one line more, and nothing else of the text changes, comments and order included.
 */
public final class InjectMarks {

  /** Why most objects stay as they are. */
  public static final String NO_WORKLOAD = "no workload";

  private static final int CHARACTERS_MAX = 16 * 1024 * 1024;
  private static final String KEY = Annotations.INJECT;
  private static final String ENABLED = "enabled";

  private final String text;
  private final int[] lines;
  private final List<Edit> edits = new ArrayList<>();
  private final List<Outcome> outcomes = new ArrayList<>();

  private InjectMarks(String text) {
    this.text = text;
    this.lines = lineStarts(text);
  }

  /**
   * @param outcomes one for each object, in order
   */
  public record Result(String text, List<Outcome> outcomes) {
    public Result {
      outcomes = List.copyOf(outcomes);
    }
  }

  /**
   * What became of one object.
   *
   * @param object {@code Kind namespace/name}, without a namespace where it has none
   * @param reason why it stays as it was; empty when it was changed
   */
  public record Outcome(String object, boolean changed, String reason) {}

  /** The manifests are no YAML. */
  public static final class NotYaml extends Exception {
    private static final long serialVersionUID = 1;

    NotYaml(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Part of the text, and what comes in its place. */
  private record Edit(int from, int to, String replacement) {}

  /** Every workload of the stream of documents is to have a sidecar. */
  public static Result inject(String stream) throws NotYaml {
    return run(stream, true);
  }

  /** No workload of the stream asks for a sidecar any more. */
  public static Result uninject(String stream) throws NotYaml {
    return run(stream, false);
  }

  private static Result run(String stream, boolean inject) throws NotYaml {
    InjectMarks marks = new InjectMarks(stream);
    LoadSettings settings = LoadSettings.builder().setCodePointLimit(CHARACTERS_MAX).build();
    try {
      for (Node document : new Compose(settings).composeAllFromString(stream)) {
        marks.object(document, inject);
      }
    } catch (YamlEngineException e) {
      throw new NotYaml(
          "not YAML: " + e.getMessage() + " (expected: documents, separated by lines of ---)", e);
    }
    return new Result(marks.edited(), marks.outcomes);
  }

  private void object(Node node, boolean inject) {
    if (!(node instanceof MappingNode object)) {
      return;
    }
    String kind = scalar(value(object, "kind"));
    if (kind.equals("List") && value(object, "items") instanceof SequenceNode items) {
      items.getValue().forEach(item -> object(item, inject));
      return;
    }
    String name = name(kind, value(object, "metadata"));
    Optional<List<String>> template = pathToMetadata(kind);
    if (template.isEmpty()) {
      outcomes.add(new Outcome(name, false, NO_WORKLOAD));
      return;
    }
    String reason = inject ? mark(object, template.get()) : unmark(object, template.get());
    outcomes.add(new Outcome(name, reason.isEmpty(), reason));
  }

  /** Where the metadata is that an object's pods get or are judged by. */
  private static Optional<List<String>> pathToMetadata(String kind) {
    return switch (kind) {
      case "Pod", "Namespace" -> Optional.of(List.of("metadata"));
      case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job" ->
          Optional.of(List.of("spec", "template", "metadata"));
      case "CronJob" -> Optional.of(List.of("spec", "jobTemplate", "spec", "template", "metadata"));
      default -> Optional.empty();
    };
  }

  // -- inject

  private String mark(MappingNode object, List<String> pathToMetadata) {
    List<String> path = new ArrayList<>(pathToMetadata);
    path.add("annotations");
    path.add(KEY);
    MappingNode at = object;
    for (int depth = 0; depth < path.size(); depth++) {
      NodeTuple tuple = entry(at, path.get(depth));
      List<String> rest = path.subList(depth, path.size());
      if (tuple == null) {
        // Below `metadata` and the template everything may be made; above, the object is broken.
        if (depth < pathToMetadata.size() - 1) {
          return "it has no " + String.join(".", path.subList(0, depth + 1));
        }
        insert(at, rest);
        return "";
      }
      Node value = tuple.getValueNode();
      if (depth == path.size() - 1) {
        String said = scalar(value);
        if (said.equals(ENABLED)) {
          return "it is marked already";
        }
        return "it says " + KEY + ": " + said;
      }
      if (isNull(value)) {
        int colon = text.indexOf(':', end(tuple.getKeyNode())) + 1;
        edits.add(
            new Edit(
                colon,
                Math.max(colon, end(value)),
                " " + flow(path.subList(depth + 1, path.size()))));
        return "";
      }
      if (!(value instanceof MappingNode next)) {
        return String.join(".", path.subList(0, depth + 1)) + " is no mapping";
      }
      at = next;
    }
    return "";
  }

  /** Puts nested keys into a mapping, as its first entry and in its style. */
  private void insert(MappingNode mapping, List<String> keys) {
    if (mapping.getFlowStyle() == FlowStyle.FLOW || mapping.getValue().isEmpty()) {
      int open = start(mapping) + 1;
      String entry = flow(keys);
      edits.add(
          new Edit(
              open,
              open,
              entry.substring(1, entry.length() - 1) + (mapping.getValue().isEmpty() ? "" : ", ")));
      return;
    }
    Node first = mapping.getValue().getFirst().getKeyNode();
    String newLine = text.startsWith("\r\n", Math.max(0, lineEnd(first))) ? "\r\n" : "\n";
    int column = mark(first).getColumn();
    StringBuilder added = new StringBuilder();
    for (int depth = 0; depth < keys.size(); depth++) {
      added
          .append(" ".repeat(depth == 0 ? 0 : column + 2 * depth))
          .append(keys.get(depth))
          .append(depth == keys.size() - 1 ? ": " + ENABLED : ":")
          .append(newLine);
    }
    added.append(" ".repeat(column));
    edits.add(new Edit(start(first), start(first), added.toString()));
  }

  /** As JSON is written, which is YAML too. */
  private static String flow(List<String> keys) {
    String value = "\"" + ENABLED + "\"";
    for (String key : keys.reversed()) {
      value = "{\"" + key + "\": " + value + "}";
    }
    return value;
  }

  // -- uninject

  /** A label says the same as an annotation. */
  private String unmark(MappingNode object, List<String> pathToMetadata) {
    String annotation = unmark(object, pathToMetadata, "annotations");
    String label = unmark(object, pathToMetadata, "labels");
    return annotation.isEmpty() || label.isEmpty() ? "" : annotation;
  }

  private String unmark(MappingNode object, List<String> pathToMetadata, String map) {
    List<MappingNode> mappings = new ArrayList<>();
    List<String> path = new ArrayList<>(pathToMetadata);
    path.add(map);
    path.add(KEY);
    MappingNode at = object;
    for (String key : path) {
      mappings.add(at);
      NodeTuple tuple = entry(at, key);
      if (tuple == null) {
        return "it is not marked";
      }
      if (tuple.getValueNode() instanceof MappingNode next) {
        at = next;
      } else if (!key.equals(KEY)) {
        return "it is not marked";
      }
    }
    // A mapping that held nothing else goes with the mark, up to the metadata.
    int depth = path.size() - 1;
    while (depth > pathToMetadata.size() - 1 && mappings.get(depth).getValue().size() == 1) {
      depth--;
    }
    if (!remove(mappings.get(depth), path.get(depth))) {
      return "the line of " + path.get(depth) + " holds more than that; take it away by hand";
    }
    return "";
  }

  private boolean remove(MappingNode mapping, String key) {
    NodeTuple tuple = entry(mapping, key);
    if (tuple == null) {
      return false;
    }
    int index = mapping.getValue().indexOf(tuple);
    int from = start(tuple.getKeyNode());
    boolean last = index == mapping.getValue().size() - 1;
    if (mapping.getFlowStyle() == FlowStyle.FLOW) {
      if (!last) {
        edits.add(new Edit(from, start(mapping.getValue().get(index + 1).getKeyNode()), ""));
      } else {
        int before = index == 0 ? from : end(mapping.getValue().get(index - 1).getValueNode());
        edits.add(new Edit(before, end(tuple.getValueNode()), ""));
      }
      return true;
    }
    int lineStart = lines[mark(tuple.getKeyNode()).getLine()];
    if (text.substring(lineStart, from).isBlank()) {
      int lineEnd = text.indexOf('\n', contentEnd(tuple.getValueNode()));
      edits.add(new Edit(lineStart, lineEnd < 0 ? text.length() : lineEnd + 1, ""));
      return true;
    }
    // The first entry of an element of a list stands behind its dash.
    if (last) {
      return false;
    }
    edits.add(new Edit(from, start(mapping.getValue().get(index + 1).getKeyNode()), ""));
    return true;
  }

  // -- text

  private String edited() {
    StringBuilder edited = new StringBuilder(text);
    // From the end: what comes before stays where it is. An alias names the same place twice.
    edits.stream()
        .distinct()
        .sorted(Comparator.comparingInt(Edit::from).reversed())
        .forEach(edit -> edited.replace(edit.from(), edit.to(), edit.replacement()));
    return edited.toString();
  }

  private int start(Node node) {
    return offset(mark(node));
  }

  private int end(Node node) {
    return node.getEndMark().map(this::offset).orElse(text.length());
  }

  /** Where the last character of a value is; the end of a block is where the next begins. */
  private int contentEnd(Node node) {
    return switch (node) {
      case MappingNode mapping
          when mapping.getFlowStyle() != FlowStyle.FLOW && !mapping.getValue().isEmpty() ->
          contentEnd(mapping.getValue().getLast().getValueNode());
      case SequenceNode sequence
          when sequence.getFlowStyle() != FlowStyle.FLOW && !sequence.getValue().isEmpty() ->
          contentEnd(sequence.getValue().getLast());
      default -> end(node);
    };
  }

  private int lineEnd(Node node) {
    int end = text.indexOf('\n', start(node));
    return end > 0 && text.charAt(end - 1) == '\r' ? end - 1 : end;
  }

  private int offset(Mark mark) {
    // Columns count characters as people do; the text counts halves of the rare ones.
    return text.offsetByCodePoints(
        lines[Math.min(mark.getLine(), lines.length - 1)], mark.getColumn());
  }

  private static Mark mark(Node node) {
    return node.getStartMark().orElseThrow();
  }

  private static int[] lineStarts(String text) {
    List<Integer> starts = new ArrayList<>(List.of(0));
    for (int at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
      starts.add(at + 1);
    }
    return starts.stream().mapToInt(Integer::intValue).toArray();
  }

  // -- nodes

  private static String name(String kind, @Nullable Node metadata) {
    String namespace =
        metadata instanceof MappingNode fields ? scalar(value(fields, "namespace")) : "";
    String name = metadata instanceof MappingNode fields ? scalar(value(fields, "name")) : "";
    return (kind.isEmpty() ? "?" : kind)
        + " "
        + (namespace.isEmpty() ? name : namespace + "/" + name);
  }

  private static @Nullable NodeTuple entry(MappingNode mapping, String key) {
    return mapping.getValue().stream()
        .filter(tuple -> scalar(tuple.getKeyNode()).equals(key))
        .findFirst()
        .orElse(null);
  }

  private static @Nullable Node value(MappingNode mapping, String key) {
    NodeTuple tuple = entry(mapping, key);
    return tuple == null ? null : tuple.getValueNode();
  }

  private static String scalar(@Nullable Node node) {
    return node instanceof ScalarNode scalar ? scalar.getValue() : "";
  }

  private static boolean isNull(Node node) {
    return node instanceof ScalarNode scalar && scalar.getTag().equals(Tag.NULL);
  }
}
