package io.refmesh.chaos.cluster;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A cluster that was there before and stays: of kind by name, or any by its kubeconfig. */
record GivenCluster(Config config, List<Engine.Container> nodes) implements Cluster {

  static GivenCluster ofKind(Engine engine, String name) throws IOException, InterruptedException {
    List<Engine.Container> nodes = KindNodes.of(engine, name);
    if (nodes.isEmpty()) {
      List<String> there = KindNodes.clusters(engine);
      throw new IOException(
          "there is no kind cluster "
              + name
              + " (expected: "
              + (there.isEmpty() ? "one, but there is none" : String.join(" or ", there))
              + "); make it with `kind create cluster --name "
              + name
              + "`");
    }
    return new GivenCluster(KindNodes.config(engine, nodes), nodes);
  }

  /** Images cannot be brought to its nodes: a registry must have them. */
  static GivenCluster ofKubeconfig(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException(
          "there is no kubeconfig "
              + file
              + " (expected: a file that names a cluster); look at --kubeconfig and KUBECONFIG");
    }
    try {
      return new GivenCluster(Config.fromKubeconfig(file.toFile()), List.of());
    } catch (KubernetesClientException e) {
      throw new IOException(
          "the kubeconfig " + file + " cannot be used: " + DockerEngine.reason(e), e);
    }
  }

  @Override
  public Map<String, String> versions() {
    return Map.of();
  }

  @Override
  public boolean own() {
    return false;
  }

  @Override
  public void close() {}
}
