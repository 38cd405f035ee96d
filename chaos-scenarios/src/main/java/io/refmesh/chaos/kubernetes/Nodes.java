package io.refmesh.chaos.kubernetes;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * A pod on every node that sees its processes, and may end them as a crash does: with a signal that
 * nobody can catch, and without a word to the API server.
 */
final class Nodes implements AutoCloseable {

  private static final String NAME = "refmesh-e2e-node";
  private static final Duration READY_WITHIN = Duration.ofSeconds(60);
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);
  private static final Duration KILL_WITHIN = Duration.ofSeconds(10);

  private final ClusterApi api;
  private final String namespace;
  private Map<String, Exec> byNode = Map.of();

  private Nodes(ClusterApi api, String namespace) {
    this.api = api;
    this.namespace = namespace;
  }

  /** Starts them and waits until there is one on each node that takes pods. */
  static Nodes start(ClusterApi api, String namespace, String image)
      throws IOException, InterruptedException {
    Nodes nodes = new Nodes(api, namespace);
    try {
      api.apply(path(namespace), manifest(namespace, image));
      for (long rounds = READY_WITHIN.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
        JsonNode status = api.require(path(namespace)).path("status");
        int wanted = status.path("desiredNumberScheduled").asInt(0);
        if (wanted > 0 && status.path("numberReady").asInt(0) == wanted) {
          nodes.byNode = nodes.find();
          return nodes;
        }
        Thread.sleep(LOOK_EVERY);
      }
      throw new IOException(
          "the DaemonSet "
              + namespace
              + "/"
              + NAME
              + " was not ready within "
              + READY_WITHIN.toSeconds()
              + " s (expected: nodes that take privileged pods with the image "
              + image
              + ")");
    } catch (IOException | InterruptedException | RuntimeException e) {
      nodes.close();
      throw e;
    }
  }

  private Map<String, Exec> find() throws IOException, InterruptedException {
    Map<String, Exec> found = new LinkedHashMap<>();
    for (JsonNode pod :
        api.require(Kinds.collection("v1", "Pod", namespace) + "?labelSelector=app%3D" + NAME)
            .path("items")) {
      if (!pod.path("metadata").hasNonNull("deletionTimestamp")) {
        found.put(
            pod.path("spec").path("nodeName").asString(""),
            new Exec(
                api.fabric8(), namespace, pod.path("metadata").path("name").asString(""), "node"));
      }
    }
    return found;
  }

  /** Kills every process of these containers, all of one node. */
  void kill(String node, List<String> containers) throws IOException, InterruptedException {
    aim(node, containers).fire();
  }

  /** Processes that were found, to be killed in one go. */
  interface Aim {
    void fire() throws IOException, InterruptedException;
  }

  /** Finds every process of these containers, all of one node; that takes longer than to kill. */
  Aim aim(String node, List<String> containers) throws IOException, InterruptedException {
    Exec exec = byNode.get(node);
    if (exec == null) {
      throw new IOException(
          "node " + node + " (expected: one of " + byNode.keySet() + ", where helpers run)");
    }
    String listing = exec.require(KILL_WITHIN, ContainerProcesses.LIST);
    String pids =
        containers.stream()
            .flatMap(container -> ContainerProcesses.pids(listing, container).stream())
            .map(String::valueOf)
            .collect(Collectors.joining(" "));
    if (pids.isEmpty()) {
      throw new IOException("no process of " + containers + " runs on node " + node);
    }
    // One that has ended meanwhile is as good as killed.
    return () -> exec.run(KILL_WITHIN, "kill -9 " + pids);
  }

  private static String path(String namespace) {
    return Kinds.path("apps/v1", "DaemonSet", namespace, NAME);
  }

  private static Map<String, ?> manifest(String namespace, String image) {
    Map<String, String> labels = Map.of("app", NAME);
    return Map.of(
        "apiVersion",
        "apps/v1",
        "kind",
        "DaemonSet",
        "metadata",
        Map.of("name", NAME, "namespace", namespace),
        "spec",
        Map.of(
            "selector",
            Map.of("matchLabels", labels),
            "template",
            Map.of(
                "metadata",
                Map.of("labels", labels),
                "spec",
                Map.of(
                    "hostPID",
                    true,
                    "terminationGracePeriodSeconds",
                    1,
                    "tolerations",
                    List.of(Map.of("operator", "Exists")),
                    "containers",
                    List.of(
                        Map.of(
                            "name",
                            "node",
                            "image",
                            image,
                            "imagePullPolicy",
                            "IfNotPresent",
                            "command",
                            List.of("sleep", "infinity"),
                            "securityContext",
                            Map.of("privileged", true, "runAsUser", 0)))))));
  }

  @Override
  public void close() {
    try {
      api.delete(path(namespace), Map.of("propagationPolicy", "Background"));
    } catch (IOException e) {
      // It goes with the namespace of the harness.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
