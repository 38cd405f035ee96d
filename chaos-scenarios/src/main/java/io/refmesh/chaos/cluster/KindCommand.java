package io.refmesh.chaos.cluster;

import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A cluster of several nodes by the {@code kind} command, each node in a zone of its own and open
 * to every pod.
 */
final class KindCommand implements Cluster {

  private static final Pattern VERSION = Pattern.compile("\\bv?([0-9]+\\.[0-9]+\\.[0-9]+)");
  private static final int VERSION_WITHIN_SECONDS = 10;
  private static final int LAST_LINES = 12;

  private final Engine engine;
  private final Owner owner;
  private final String version;
  private final Config config;
  private final List<Engine.Container> nodes;

  private KindCommand(
      Engine engine, Owner owner, String version, Config config, List<Engine.Container> nodes) {
    this.engine = engine;
    this.owner = owner;
    this.version = version;
    this.config = config;
    this.nodes = nodes;
  }

  /** The command's version; throws with what to do when there is none. */
  static String version() throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder("kind", "version").redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new IOException(
          "the kind command is not installed (expected: kind 0.27 or later for a cluster of several"
              + " nodes); install it, or take one node: --nodes 1",
          e);
    }
    String said = new String(process.getInputStream().readAllBytes());
    if (!process.waitFor(VERSION_WITHIN_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    Matcher matcher = VERSION.matcher(said);
    return matcher.find() ? matcher.group(1) : "unknown";
  }

  static KindCommand start(Engine engine, Owner owner, int nodes)
      throws IOException, InterruptedException {
    String version = version();
    Path work = Files.createTempDirectory("refmesh-kind");
    Path log = work.resolve("log");
    try {
      Path wanted = Files.writeString(work.resolve("cluster.yaml"), configuration(nodes));
      Process process =
          new ProcessBuilder(
                  "kind",
                  "create",
                  "cluster",
                  "--name",
                  owner.name(),
                  "--image",
                  OneNode.IMAGE,
                  "--config",
                  wanted.toString(),
                  "--kubeconfig",
                  work.resolve("kubeconfig").toString(),
                  "--wait",
                  "180s")
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      try {
        if (process.waitFor() != 0) {
          throw new IOException(
              "kind did not make a cluster (expected: an engine that runs privileged containers);"
                  + " it said:\n"
                  + lastLines(log));
        }
        List<Engine.Container> made = KindNodes.of(engine, owner.name());
        return new KindCommand(engine, owner, version, KindNodes.config(engine, made), made);
      } catch (IOException | InterruptedException e) {
        process.destroyForcibly();
        boolean interrupted = Thread.interrupted();
        Leftovers.of(owner, engine);
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
        throw e;
      }
    } finally {
      for (String file : List.of("cluster.yaml", "kubeconfig", "log")) {
        Files.deleteIfExists(work.resolve(file));
      }
      Files.deleteIfExists(work);
    }
  }

  /** Like a cluster of one node, kind's control plane is to take pods, too. */
  static String configuration(int nodes) {
    StringBuilder text = new StringBuilder("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n");
    text.append("nodes:\n");
    for (int node = 0; node < nodes; node++) {
      text.append("- role: ").append(node == 0 ? "control-plane" : "worker").append('\n');
      text.append("  labels:\n    topology.kubernetes.io/zone: zone-")
          .append((char) ('a' + node))
          .append('\n');
      if (node == 0) {
        text.append("  kubeadmConfigPatches:\n  - |\n    kind: InitConfiguration\n")
            .append("    nodeRegistration:\n      taints: []\n");
      }
    }
    return text.toString();
  }

  private static String lastLines(Path log) throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(log));
    return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
  }

  @Override
  public Config config() {
    return config;
  }

  @Override
  public List<Engine.Container> nodes() {
    return nodes;
  }

  @Override
  public Map<String, String> versions() {
    return Map.of("kind", version);
  }

  @Override
  public boolean own() {
    return true;
  }

  @Override
  public void close() throws IOException {
    Leftovers.of(owner, engine);
  }
}
