package io.refmesh.chaos.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Brings images of the Docker engine to the nodes of a kind cluster, those that they lack. */
final class NodeImages {

  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Pattern SNAPSHOTTER =
      Pattern.compile("^\\s*snapshotter\\s*=\\s*[\"']([a-z-]+)[\"']", Pattern.MULTILINE);

  private final Engine engine;

  NodeImages(Engine engine) {
    this.engine = engine;
  }

  /** Returns what was brought to any of them. */
  List<String> load(List<Engine.Container> nodes, List<String> images)
      throws IOException, InterruptedException {
    List<String> loaded = new ArrayList<>();
    for (Engine.Container node : nodes) {
      List<String> lacking = new ArrayList<>();
      for (String image : images) {
        if (!has(node, image)) {
          lacking.add(image);
        }
      }
      if (!lacking.isEmpty()) {
        load(node, lacking);
        loaded.addAll(lacking);
      }
    }
    return loaded.stream().distinct().toList();
  }

  /** The same content under the same name. */
  private boolean has(Engine.Container node, String image)
      throws IOException, InterruptedException {
    Engine.Said said = engine.run(node, InputStream.nullInputStream(), "crictl", "inspecti", image);
    if (said.code() != 0) {
      return false;
    }
    try {
      String there = JSON.readTree(said.text()).path("status").path("id").asString("");
      return engine.imageId(image).filter(there::equals).isPresent();
    } catch (JacksonException e) {
      return false;
    }
  }

  private void load(Engine.Container node, List<String> images)
      throws IOException, InterruptedException {
    Engine.Said said;
    try (InputStream archive = engine.save(images)) {
      said =
          engine.run(
              node,
              archive,
              "ctr",
              "--namespace=k8s.io",
              "images",
              "import",
              "--digests",
              "--snapshotter=" + snapshotter(node),
              "-");
    }
    if (said.code() != 0) {
      throw new IOException(
          "the node "
              + node.name()
              + " did not take "
              + String.join(", ", images)
              + ": "
              + said.text()
              + " (expected: room on Docker's disk)");
    }
  }

  private String snapshotter(Engine.Container node) throws IOException, InterruptedException {
    Engine.Said said =
        engine.run(node, InputStream.nullInputStream(), "containerd", "config", "dump");
    Matcher matcher = SNAPSHOTTER.matcher(said.text());
    return Optional.of(matcher).filter(Matcher::find).map(m -> m.group(1)).orElse("overlayfs");
  }
}
