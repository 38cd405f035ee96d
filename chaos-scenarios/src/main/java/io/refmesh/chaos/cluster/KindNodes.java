package io.refmesh.chaos.cluster;

import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.regex.Pattern;

/** The nodes that the kind command made of containers, as the engine sees them. */
final class KindNodes {

  private static final String CLUSTER = "io.x-k8s.kind.cluster";
  private static final String ROLE = "io.x-k8s.kind.role";
  private static final String CONTROL_PLANE = "control-plane";
  private static final int API_PORT = 6443;
  private static final Pattern SERVER = Pattern.compile("(?m)^(\\s*server:\\s*)\\S+$");

  private KindNodes() {}

  static List<Engine.Container> of(Engine engine, String cluster) throws IOException {
    return engine.containers().stream()
        .filter(each -> cluster.equals(each.labels().get(CLUSTER)))
        .filter(each -> List.of(CONTROL_PLANE, "worker").contains(each.labels().get(ROLE)))
        .toList();
  }

  /** Names of the clusters that there are. */
  static List<String> clusters(Engine engine) throws IOException {
    return engine.containers().stream()
        .map(each -> each.labels().getOrDefault(CLUSTER, ""))
        .filter(name -> !name.isEmpty())
        .distinct()
        .sorted()
        .toList();
  }

  /** What an administrator has, with the address that this machine reaches. */
  static Config config(Engine engine, List<Engine.Container> nodes)
      throws IOException, InterruptedException {
    Engine.Container first =
        nodes.stream()
            .filter(node -> CONTROL_PLANE.equals(node.labels().get(ROLE)))
            .findFirst()
            .orElseThrow(() -> new IOException("the cluster has no node with a control plane"));
    Engine.Said said =
        engine.run(first, InputStream.nullInputStream(), "cat", "/etc/kubernetes/admin.conf");
    if (said.code() != 0) {
      throw new IOException(
          first.name()
              + " has no kubeconfig: "
              + said.text()
              + " (expected: a node of kind that has started)");
    }
    String address = engine.address(first, API_PORT);
    return Config.fromKubeconfig(SERVER.matcher(said.text()).replaceAll("$1https://" + address));
  }
}
