package io.refmesh.chaos.kubernetes;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.PodResource;
import io.refmesh.chaos.intruder.Forgery;
import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.mesh.Marker;
import io.refmesh.chaos.mesh.MeshDirectory;
import io.refmesh.chaos.mesh.MeshInstance;
import io.refmesh.chaos.mesh.RunningLoad;
import io.refmesh.chaos.mesh.ShopFolder;
import io.refmesh.chaos.scenario.MeshResource;
import io.refmesh.chaos.scenario.Topology;
import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.FolderRegistry;
import io.refmesh.local.Progress;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The namespace {@code shop} of a cluster: made, filled, broken and removed. */
final class KubernetesGroupMesh implements GroupMesh {

  private static final Duration READY_WITHIN = Duration.ofSeconds(180);
  private static final Duration SETTLED_WITHIN = Duration.ofSeconds(90);
  private static final Duration GONE_WITHIN = Duration.ofSeconds(90);
  private static final Duration ROLLED_WITHIN = Duration.ofSeconds(180);
  private static final Duration IN_FORCE_WITHIN = Duration.ofSeconds(15);
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);
  private static final String OWNER = "refmesh-e2e";
  private static final String TOPOLOGY_LAYER = "topology";

  private final ClusterApi api;
  private final Nodes nodes;
  private final ControlPlane controlPlane;
  private final Forgery forgery;
  private final InetAddress harness;
  private final MeshDirectory directory;
  private final Map<String, List<String>> workloadsOfService;
  private final Progress progress;
  private final Pods pods;
  private final Layers layers = new Layers();
  private final Marker marker = new Marker();
  private final Set<String> notOurs = new HashSet<>();

  private KubernetesGroupMesh(
      ClusterApi api,
      Nodes nodes,
      ControlPlane controlPlane,
      Forgery forgery,
      InetAddress harness,
      MeshDirectory directory,
      Map<String, List<String>> workloadsOfService,
      Progress progress) {
    this.api = api;
    this.nodes = nodes;
    this.controlPlane = controlPlane;
    this.forgery = forgery;
    this.harness = harness;
    this.directory = directory;
    this.workloadsOfService = workloadsOfService;
    this.progress = progress;
    this.pods = new Pods(api.fabric8());
  }

  static KubernetesGroupMesh start(
      RefmeshHome home,
      ClusterApi api,
      ClusterSettings settings,
      Nodes nodes,
      Topology topology,
      MeshDirectory directory,
      long seed,
      HttpJson http,
      Progress progress)
      throws IOException, InterruptedException {
    ShopFolder.write(home, directory.folder(), topology, seed);
    Contents contents;
    try (FolderRegistry registry = new FolderRegistry(directory.folder())) {
      contents = registry.load();
    }
    Files.createDirectories(directory.state());
    removeNamespace(api);
    ControlPlane controlPlane = new ControlPlane(api, nodes, http);
    KubernetesGroupMesh mesh =
        new KubernetesGroupMesh(
            api,
            nodes,
            controlPlane,
            controlPlane.forgery(directory.state().resolve("foreign-ca")),
            settings.address(),
            directory,
            ShopFolder.workloadsOfServices(contents),
            progress);
    try {
      List<ShopManifests.Manifest> manifests =
          new ShopManifests(settings.shopImage(), settings.image()).of(contents);
      api.apply(manifests.getFirst().path(), manifests.getFirst().json());
      // Pods are made with what the mesh says by then.
      mesh.put(
          TOPOLOGY_LAYER,
          topology.resources().stream()
              .filter(one -> !Set.of("Workload", "Service").contains(one.kind()))
              .toList());
      int wanted = 0;
      for (ShopManifests.Manifest manifest : manifests.subList(1, manifests.size())) {
        api.apply(manifest.path(), manifest.json());
        wanted += manifest.json().get("spec") instanceof Map<?, ?> spec ? pods(manifest, spec) : 0;
      }
      progress.say("waiting for " + wanted + " pods");
      mesh.awaitReady(wanted, READY_WITHIN);
      mesh.requireSidecars();
      return mesh;
    } catch (IOException | InterruptedException | RuntimeException e) {
      mesh.close();
      throw e;
    }
  }

  private static int pods(ShopManifests.Manifest manifest, Map<?, ?> spec) {
    return manifest.kind().equals("Job")
        ? 1
        : spec.get("replicas") instanceof Integer replicas ? replicas : 0;
  }

  private void awaitReady(int wanted, Duration within) throws IOException, InterruptedException {
    for (long rounds = within.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
      if (ready(wanted)) {
        return;
      }
      Thread.sleep(LOOK_EVERY);
    }
    throw new IOException(
        "not ready within "
            + within.toSeconds()
            + " s: "
            + String.join(
                ", ",
                pods.all().stream()
                    .filter(pod -> !pod.ready() && !pod.leaving())
                    .map(PodView::name)
                    .toList())
            + " (see `kubectl -n shop describe pods`)");
  }

  private boolean ready(int wanted) {
    List<PodView> all = pods.all().stream().filter(pod -> !pod.leaving()).toList();
    return all.size() >= wanted && all.stream().allMatch(PodView::ready);
  }

  private void requireSidecars() throws IOException {
    List<String> without =
        pods.all().stream()
            .filter(pod -> !pod.leaving() && pod.sidecar().isEmpty())
            .map(PodView::name)
            .toList();
    if (!without.isEmpty()) {
      throw new IOException(
          "pods without a sidecar: "
              + without
              + " (expected: the mesh's webhook injects the namespace "
              + ShopFolder.NAMESPACE
              + "; `mesh check` tells more)");
    }
  }

  @Override
  public List<MeshInstance> running() {
    return pods.instances();
  }

  @Override
  public List<String> workloadsOf(String service) {
    return workloadsOfService.getOrDefault(service, List.of());
  }

  @Override
  public void settle() throws InterruptedException {
    for (long rounds = SETTLED_WITHIN.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
      if (ready(0) && pods.all().stream().noneMatch(PodView::leaving)) {
        break;
      }
      Thread.sleep(LOOK_EVERY);
    }
    pods.renumber();
  }

  // -- resources

  @Override
  public synchronized void put(String layer, List<MeshResource> resources)
      throws IOException, InterruptedException {
    Layers.Change change = layers.put(layer, resources);
    for (MeshResource resource : change.apply()) {
      String path = path(resource);
      if (!resource.namespace().equals(ShopFolder.NAMESPACE) && api.get(path).isPresent()) {
        notOurs.add(resource.key());
      }
      api.apply(path, resource.json());
    }
    for (MeshResource resource : change.remove()) {
      if (resource.kind().equals("Namespace") || notOurs.contains(resource.key())) {
        // It was there before, and loses only what it got from here.
        api.apply(path(resource), bare(resource));
      } else {
        api.delete(path(resource), Map.of());
      }
    }
  }

  private static String path(MeshResource resource) {
    return Kinds.path(
        ClusterApi.JSON.readTree(resource.json()).path("apiVersion").asString(""),
        resource.kind(),
        resource.namespace(),
        resource.name());
  }

  private static Map<String, ?> bare(MeshResource resource) {
    JsonNode json = ClusterApi.JSON.readTree(resource.json());
    if (resource.kind().equals("Namespace")) {
      return ShopManifests.namespace().json();
    }
    return Map.of(
        "apiVersion",
        json.path("apiVersion").asString(""),
        "kind",
        resource.kind(),
        "metadata",
        Map.of("name", resource.name(), "namespace", resource.namespace()));
  }

  @Override
  public void apply(String layer, List<MeshResource> resources)
      throws IOException, InterruptedException {
    put(layer, resources);
    Marker.Mark mark = marker.next();
    put(Marker.LAYER, List.of(mark.resource()));
    mark.await(controlPlane::states, IN_FORCE_WITHIN, LOOK_EVERY);
  }

  // -- load, identities

  @Override
  public RunningLoad load(String name, String plan, Path folder)
      throws IOException, InterruptedException {
    PodView pod =
        pods.all().stream()
            .filter(one -> one.workload().equals(ShopFolder.LOAD) && !one.leaving())
            .findFirst()
            .orElseThrow(() -> new IOException("the pod of the Job load is gone"));
    return LoadJob.start(exec(pod), name, plan, folder);
  }

  private Exec exec(PodView pod) {
    return new Exec(api.fabric8(), ShopFolder.NAMESPACE, pod.name(), ShopManifests.CONTAINER);
  }

  @Override
  public Forgery forgery() {
    return forgery;
  }

  @Override
  public InetAddress harness() {
    return harness;
  }

  // -- what may be broken

  @Override
  public void killSidecar(String instance) throws IOException, InterruptedException {
    PodView pod = require(instance);
    nodes.kill(pod.node(), List.of(running(pod, pod.sidecar())));
  }

  @Override
  public void killInstance(String instance) throws IOException, InterruptedException {
    PodView pod = require(instance);
    nodes.kill(pod.node(), List.of(running(pod, pod.application()), running(pod, pod.sidecar())));
    // Its node would start the containers again; another pod takes its place at once.
    api.delete(podPath(pod), Map.of("gracePeriodSeconds", 0));
  }

  private static String podPath(PodView pod) {
    return Kinds.path("v1", "Pod", ShopFolder.NAMESPACE, pod.name());
  }

  private static String running(PodView pod, Optional<String> container) throws IOException {
    return container.orElseThrow(
        () -> new IOException("the pod " + pod.name() + " has a container that does not run"));
  }

  private PodView require(String instance) throws IOException {
    return pods.pod(instance)
        .orElseThrow(() ->
            new IOException(
                "instance "
                    + instance
                    + " (expected: one of "
                    + running().stream().map(MeshInstance::name).toList()
                    + ")"));
  }

  @Override
  public void rollingRestart(String workload) throws IOException, InterruptedException {
    String path = Kinds.path("apps/v1", "Deployment", ShopFolder.NAMESPACE, workload);
    Set<String> old = new HashSet<>();
    pods.all().stream()
        .filter(pod -> pod.workload().equals(workload))
        .forEach(pod -> old.add(pod.uid()));
    api.merge(
        path,
        Map.of(
            "spec",
            Map.of(
                "template",
                Map.of(
                    "metadata",
                    Map.of(
                        "annotations",
                        Map.of(
                            "kubectl.kubernetes.io/restartedAt",
                            InstantSource.system().instant().toString()))))));
    for (long rounds = ROLLED_WITHIN.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
      List<PodView> now =
          pods.all().stream().filter(pod -> pod.workload().equals(workload)).toList();
      if (!now.isEmpty() && now.stream().allMatch(pod -> pod.ready() && !old.contains(pod.uid()))) {
        return;
      }
      Thread.sleep(LOOK_EVERY);
    }
    throw new IOException(
        "the rollout of "
            + workload
            + " was not done within "
            + ROLLED_WITHIN.toSeconds()
            + " s (see `kubectl -n shop rollout status deployment/"
            + workload
            + "`)");
  }

  @Override
  public void killControlPlane() throws IOException, InterruptedException {
    controlPlane.kill();
  }

  @Override
  public void startControlPlane() throws IOException, InterruptedException {
    controlPlane.start();
  }

  // -- the end

  @Override
  public void close() throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      tellRestarts();
      keepLogs();
      for (String layer : List.of(Marker.LAYER, TOPOLOGY_LAYER)) {
        put(layer, List.of());
      }
      pods.close();
      removeNamespace(api);
    } catch (InterruptedException e) {
      interrupted = true;
    } finally {
      directory.clearAway();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Logs of every container of the shop; of those that were started again the one before, too. */
  private void keepLogs() throws IOException {
    Files.createDirectories(directory.logs());
    for (PodView pod : pods.all()) {
      for (String container : List.of(ShopManifests.CONTAINER, Pods.SIDECAR)) {
        PodResource resource =
            api.fabric8().pods().inNamespace(ShopFolder.NAMESPACE).withName(pod.name());
        String name = pod.name() + "." + container;
        try {
          keep(name + ".log", resource.inContainer(container).getLog());
          if (pod.restarts().containsKey(container)) {
            keep(name + ".before.log", resource.inContainer(container).terminated().getLog());
          }
        } catch (KubernetesClientException e) {
          // It has ended meanwhile, or never ran.
        }
      }
    }
  }

  private void keep(String name, @Nullable String log) throws IOException {
    Files.writeString(directory.logs().resolve(name), log == null ? "" : log);
  }

  /**
   * Who was started again since the mesh was made, and how it had ended: a scenario may ask why.
   */
  private void tellRestarts() {
    for (PodView pod : pods.all()) {
      pod.restarts()
          .forEach((container, how) ->
              progress.say(pod.name() + ": " + container + " was started again, after it " + how));
    }
  }

  /** Removes what an earlier group left, and only what a run of this harness made. */
  private static void removeNamespace(ClusterApi api) throws IOException, InterruptedException {
    String path = Kinds.path("v1", "Namespace", ShopFolder.NAMESPACE, ShopFolder.NAMESPACE);
    Optional<JsonNode> found = api.get(path);
    if (found.isEmpty()) {
      return;
    }
    String owner =
        found.get().path("metadata").path("labels").path("app.kubernetes.io/part-of").asString("");
    if (!owner.equals(OWNER)) {
      throw new IOException(
          "the namespace "
              + ShopFolder.NAMESPACE
              + " is there and was not made by this harness (expected: none, or one with the label"
              + " app.kubernetes.io/part-of: "
              + OWNER
              + "); it would be deleted");
    }
    // Their grace would only be waited for.
    api.delete(
        Kinds.collection("v1", "Pod", ShopFolder.NAMESPACE), Map.of("gracePeriodSeconds", 1));
    api.delete(path, Map.of());
    for (long rounds = GONE_WITHIN.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
      if (api.get(path).isEmpty()) {
        return;
      }
      Thread.sleep(LOOK_EVERY);
    }
    throw new IOException(
        "the namespace "
            + ShopFolder.NAMESPACE
            + " was not gone within "
            + GONE_WITHIN.toSeconds()
            + " s");
  }
}
