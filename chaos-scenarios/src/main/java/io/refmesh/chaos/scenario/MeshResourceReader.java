package io.refmesh.chaos.scenario;

import io.refmesh.control.registry.ParseResult;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Resource;
import io.refmesh.control.registry.ResourceParser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Reads the mesh's own objects inside a scenario; the control plane's parser judges them, the
 * places are the scenario's.
 */
final class MeshResourceReader {

  private static final Pattern STEP = Pattern.compile("([^.\\[\\]]+)|\\[([0-9]+)\\]");

  private MeshResourceReader() {}

  static List<MeshResource> read(Fields fields, String name, Findings findings) {
    List<MeshResource> resources = new ArrayList<>();
    int index = 0;
    for (Node item : fields.items(name)) {
      String path = fields.at(name) + "[" + index++ + "]";
      if (!(Fields.plain(item) instanceof Map<?, ?> document)) {
        findings.add(
            item,
            path,
            "no mapping (expected: an object of the mesh, with kind, metadata and spec)");
        continue;
      }
      MeshResource unchecked = MeshResource.of("", "", "", document);
      ParseResult result = ResourceParser.parse(Path.of("resource"), unchecked.json());
      for (Problem problem : result.problems()) {
        findings.add(
            locate(item, problem.field()),
            path + (problem.field().isEmpty() ? "" : "." + problem.field()),
            problem.message());
      }
      for (Resource resource : result.resources()) {
        resources.add(
            MeshResource.of(
                resource.kind(),
                resource.metadata().namespace(),
                resource.metadata().name(),
                document));
      }
    }
    return resources;
  }

  /** The node at a path such as {@code spec.retry.on[0]}, or the last one on the way to it. */
  private static Node locate(Node from, String field) {
    Node at = from;
    Matcher steps = STEP.matcher(field);
    while (steps.find()) {
      Node next =
          steps.group(1) == null
              ? element(at, Integer.parseInt(steps.group(2)))
              : value(at, steps.group(1));
      if (next.equals(at)) {
        return at;
      }
      at = next;
    }
    return at;
  }

  private static Node element(Node list, int index) {
    return list instanceof SequenceNode sequence && index < sequence.getValue().size()
        ? sequence.getValue().get(index)
        : list;
  }

  private static Node value(Node mapping, String name) {
    if (mapping instanceof MappingNode fields) {
      for (NodeTuple tuple : fields.getValue()) {
        if (tuple.getKeyNode() instanceof ScalarNode key && key.getValue().equals(name)) {
          return tuple.getValueNode();
        }
      }
    }
    return mapping;
  }
}
