package io.refmesh.chaos.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.refmesh.chaos.E2e;
import io.refmesh.chaos.run.Latest;
import io.refmesh.chaos.run.StopOnSignal;
import io.refmesh.chaos.run.Time;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs the catalogue on a cluster: the harness itself runs in a pod there, since only from inside
 * pods can be reached and broken; this is what surrounds it. The file of this package to open
 * first.
 */
public final class ClusterE2e {

  private static final String TOXIPROXY_VERSION = "2.12.0";
  private static final String TOXIPROXY = "ghcr.io/shopify/toxiproxy:" + TOXIPROXY_VERSION;
  private static final String SHOP = "shop";
  private static final String SYSTEM = "refmesh-system";

  /** The harness's own limit, and time to fetch what it wrote and to remove the cluster. */
  private static final Duration STOP_WITHIN = Duration.ofSeconds(150);

  private static final Duration HARNESS_STOPS_WITHIN = Duration.ofSeconds(60);
  private static final int REQUEST_MILLIS = 10_000;
  private static final int RETRIES = 3;
  private static final double MILLIS = 1_000;
  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

  /** Libraries tell every step to a person who follows our own lines; kept, or they forget it. */
  private static final List<Logger> SILENT =
      Stream.of("org.testcontainers", "com.dajudge", "com.github.dockerjava", "io.fabric8", "tc")
          .map(Logger::getLogger)
          .toList();

  private final ClusterOptions options;
  private final Suitability suitability;
  private final PrintWriter out;
  private final Time time;
  private final Owner owner = Owner.current();

  private ClusterE2e(ClusterOptions options, Suitability suitability, PrintWriter out, Time time) {
    this.options = options;
    this.suitability = suitability;
    this.out = out;
    this.time = time;
  }

  /**
   * Runs it and tells about it on {@code out}; returns what the harness ended with. Whatever
   * happens, nothing of it stays on the cluster or in Docker.
   *
   * @throws IOException when something is missing or in the way
   */
  public static int run(ClusterOptions options, Suitability suitability, PrintWriter out)
      throws IOException {
    SILENT.forEach(logger -> logger.setLevel(Level.OFF));
    ClusterE2e run = new ClusterE2e(options, suitability, out, Time.SYSTEM);
    try (StopOnSignal signal =
        new StopOnSignal(
            out,
            "stopping: the harness writes what it knows, then everything is removed",
            STOP_WITHIN,
            E2e.ABORTED,
            run::abandon)) {
      try {
        return run.run();
      } catch (InterruptedException e) {
        return E2e.ABORTED;
      } catch (IOException | RuntimeException e) {
        // Libraries tell of an interrupt in many ways.
        if (signal.stopping()) {
          run.say("while stopping: " + DockerEngine.reason(e));
          return E2e.ABORTED;
        }
        throw e;
      }
    }
  }

  private int run() throws IOException, InterruptedException {
    if (options.kubeconfig().isPresent()) {
      say("images must be where the cluster's nodes can pull them: nothing is brought to them");
      return on(GivenCluster.ofKubeconfig(options.kubeconfig().get()), Optional.empty());
    }
    Engine engine = DockerEngine.find();
    List<String> swept = Leftovers.sweep(engine);
    if (!swept.isEmpty()) {
      say("removed what an earlier run had left: " + String.join(", ", swept));
    }
    Requirements requirements = new Requirements(engine);
    requirements.built(ours());
    requirements.pulled(List.of(TOXIPROXY));
    Optional<String> given = options.kind();
    if (given.isPresent()) {
      return on(GivenCluster.ofKind(engine, given.get()), Optional.of(engine));
    }
    requirements.memory();
    requirements.pulled(List.of(OneNode.IMAGE));
    Instant began = time.instant();
    say(
        options.nodes() == 1
            ? "making a cluster of one node"
            : "making a cluster of " + options.nodes() + " nodes with the kind command");
    Cluster made =
        options.nodes() == 1
            ? OneNode.start(engine, owner)
            : KindCommand.start(engine, owner, options.nodes());
    say("cluster ready after " + since(began));
    return on(made, Optional.of(engine));
  }

  private int on(Cluster cluster, Optional<Engine> engine)
      throws IOException, InterruptedException {
    try (cluster;
        KubernetesClient client = client(cluster.config())) {
      String kubernetes = reach(client);
      Installation installation = new Installation(client);
      boolean mayInstall = cluster.own();
      try {
        if (!cluster.own()) {
          freeOfOthers(client, installation);
        }
        List<String> problems = suitability.problems(cluster.config());
        if (!problems.isEmpty()) {
          throw new IOException(
              "the cluster cannot carry the mesh: " + String.join("; ", problems));
        }
        mayInstall = true;
        return installed(cluster, client, installation, engine, kubernetes);
      } finally {
        if (mayInstall && !cluster.own()) {
          cleared(client, installation);
        }
      }
    }
  }

  private int installed(
      Cluster cluster,
      KubernetesClient client,
      Installation installation,
      Optional<Engine> engine,
      String kubernetes)
      throws IOException, InterruptedException {
    if (engine.isPresent()) {
      Instant began = time.instant();
      List<String> images = new ArrayList<>(ours());
      images.add(TOXIPROXY);
      List<String> loaded = new NodeImages(engine.get()).load(cluster.nodes(), images);
      say(loaded.size() + " of " + images.size() + " images brought in " + since(began));
    }
    Instant began = time.instant();
    installation.awaitCluster();
    installation.kinds(manifest("routes.yaml"));
    installation.mesh(options.definitions(), options.controlPlane());
    say("mesh installed after " + since(began));
    List<HasMetadata> harness = installation.read(manifest("harness.yaml"));
    HarnessPod.fillIn(
        harness, owner.name(), image("e2e"), arguments(), variables(cluster, kubernetes));
    installation.apply(harness);
    return listened(client);
  }

  /** The harness's own run; what it wrote is fetched also after an interrupt. */
  private int listened(KubernetesClient client) throws IOException, InterruptedException {
    HarnessPod pod = new HarnessPod(client, time);
    boolean interrupted = false;
    @Nullable IOException failure = null;
    int code = E2e.ABORTED;
    try {
      pod.awaitStart();
      code =
          pod.follow(line -> say(line.replace("report: /out/", "report: " + options.out() + "/")));
    } catch (InterruptedException e) {
      interrupted = true;
    } catch (IOException e) {
      failure = e;
    }
    interrupted |= Thread.interrupted();
    try {
      if (interrupted) {
        stopped(pod);
      }
      fetched(client, pod);
    } catch (IOException e) {
      if (failure == null) {
        failure = e;
      } else {
        failure.addSuppressed(e);
      }
    }
    if (failure != null) {
      throw failure;
    }
    if (interrupted) {
      return E2e.ABORTED;
    }
    if (code > E2e.ENVIRONMENT || code < 0) {
      throw new IOException(
          "the harness ended with "
              + code
              + " (expected: 0 to 4; 137 means that it was killed, for lack of memory perhaps); its"
              + " log is above");
    }
    return code;
  }

  /** What it has written by now is worth having, even if it cannot be told to end. */
  private void stopped(HarnessPod pod) throws InterruptedException {
    try {
      pod.stop();
      if (!pod.awaitEnd(HARNESS_STOPS_WITHIN)) {
        say("the harness did not end within " + HARNESS_STOPS_WITHIN.toSeconds() + " s");
      }
    } catch (IOException | RuntimeException e) {
      say("the harness could not be stopped: " + DockerEngine.reason(e));
    }
  }

  private void fetched(KubernetesClient client, HarnessPod pod)
      throws IOException, InterruptedException {
    Files.createDirectories(options.out());
    Optional<Path> run = Optional.empty();
    try {
      run = pod.fetch(options.out());
    } finally {
      Path folder = run.orElse(options.out().resolve(NAME.format(time.instant()) + "-cluster"));
      Files.createDirectories(folder);
      List<String> missing =
          new PodLogs(client)
              .write(List.of(SYSTEM, SHOP, HarnessPod.NAMESPACE), folder.resolve("logs"));
      if (!missing.isEmpty()) {
        say("logs that could not be had: " + String.join("; ", missing));
      }
      Latest.point(options.out(), folder);
      say("kept in " + folder + ", logs of all pods among it");
    }
  }

  /** A cluster of somebody else must not have what this run would make, and later remove. */
  private void freeOfOthers(KubernetesClient client, Installation installation)
      throws IOException, InterruptedException {
    Namespace ours = client.namespaces().withName(HarnessPod.NAMESPACE).get();
    if (ours != null) {
      Map<String, String> labels = ours.getMetadata().getLabels();
      String name = labels == null ? "" : labels.getOrDefault(HarnessPod.OWNER, "");
      if (Owner.in(name).filter(Owner::gone).isEmpty()) {
        throw new IOException(
            "the cluster is used by another run, "
                + name
                + " (expected: no namespace "
                + HarnessPod.NAMESPACE
                + "); wait for it, or delete that namespace");
      }
      say("removing what an earlier run had left on the cluster");
      installation.claim(options.definitions(), options.controlPlane());
      installation.claim(ours, namespace(SHOP));
      installation.remove();
    }
    for (String name : List.of(SYSTEM, SHOP)) {
      if (client.namespaces().withName(name).get() != null) {
        throw new IOException(
            "the cluster has a namespace "
                + name
                + " already (expected: one without a mesh and a shop, since the run installs both"
                + " and removes them); `bin/mesh uninstall | kubectl delete -f -`, or take another"
                + " cluster");
      }
    }
  }

  private void cleared(KubernetesClient client, Installation installation) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      say("removing the mesh from the cluster");
      if (client.namespaces().withName(SHOP).get() != null) {
        installation.claim(namespace(SHOP));
      }
      installation.remove();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static Namespace namespace(String name) {
    return new io.fabric8.kubernetes.api.model.NamespaceBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .build();
  }

  /** Last means when the time to stop in order is over. */
  private void abandon() {
    if (options.kubeconfig().isEmpty()) {
      try {
        Leftovers.of(owner, DockerEngine.find());
      } catch (IOException e) {
        say(String.valueOf(e.getMessage()));
      }
    }
  }

  private static KubernetesClient client(Config config) {
    config.setConnectionTimeout(REQUEST_MILLIS);
    config.setRequestTimeout(REQUEST_MILLIS);
    config.setRequestRetryBackoffLimit(RETRIES);
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  private static String reach(KubernetesClient client) throws IOException {
    try {
      return client.getKubernetesVersion().getGitVersion();
    } catch (KubernetesClientException e) {
      throw new IOException(
          "the API server at "
              + client.getMasterUrl()
              + " does not answer: "
              + DockerEngine.reason(e)
              + " (expected: a cluster that runs, and a kubeconfig with rights on it)",
          e);
    }
  }

  private String manifest(String name) throws IOException {
    return Files.readString(options.home().resolve("kind-config").resolve("e2e").resolve(name));
  }

  private List<String> ours() {
    return List.of(image("proxy"), image("control"), image("demo-shop"), image("e2e"));
  }

  private String image(String name) {
    return "refmesh/" + name + ":" + options.version();
  }

  private List<String> arguments() {
    List<String> arguments = new ArrayList<>(List.of("e2e", "--out", "/out"));
    if (!options.scenarios().isEmpty()) {
      arguments.addAll(List.of("--scenario", String.join(",", options.scenarios())));
    }
    options.seed().ifPresent(seed -> arguments.addAll(List.of("--seed", seed.toString())));
    return arguments;
  }

  private List<HarnessPod.Variable> variables(Cluster cluster, String kubernetes) {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("kubernetes", kubernetes);
    versions.putAll(cluster.versions());
    versions.put("toxiproxy", TOXIPROXY_VERSION);
    return List.of(
        new HarnessPod.Variable(
            "REFMESH_E2E_VERSIONS",
            versions.entrySet().stream()
                .map(each -> each.getKey() + "=" + each.getValue())
                .collect(Collectors.joining(","))));
  }

  private String since(Instant began) {
    return String.format(
        Locale.ROOT, "%.1f s", Duration.between(began, time.instant()).toMillis() / MILLIS);
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }
}
