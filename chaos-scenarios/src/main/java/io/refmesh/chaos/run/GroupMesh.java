package io.refmesh.chaos.run;

import io.refmesh.chaos.fault.HttpJson;
import io.refmesh.chaos.fault.MeshFolder;
import io.refmesh.chaos.observe.AppTarget;
import io.refmesh.chaos.observe.SidecarTarget;
import io.refmesh.chaos.scenario.BadScenarioException;
import io.refmesh.chaos.scenario.MeshResource;
import io.refmesh.chaos.scenario.Topology;
import io.refmesh.control.registry.FolderRegistry;
import io.refmesh.control.registry.Service;
import io.refmesh.control.registry.Workload;
import io.refmesh.local.BadFolderException;
import io.refmesh.local.LocalMesh;
import io.refmesh.local.LocalMeshOptions;
import io.refmesh.local.Progress;
import io.refmesh.local.RunningInstance;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The mesh that the scenarios of one group share, running. */
final class GroupMesh implements AutoCloseable {

  private static final String STATE = "state";

  static final String SHOP_ADMIN_PORT = "8090";

  private static final Duration IN_FORCE_WITHIN = Duration.ofSeconds(10);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final Duration STOP_GRACE = Duration.ofSeconds(10);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final LocalMesh mesh;
  private final MeshFolder folder;
  private final Path home;
  private final Path logs;
  private final HttpJson http;
  private final Map<String, List<String>> workloadsOfService;
  private int revision;

  private GroupMesh(
      LocalMesh mesh,
      MeshFolder folder,
      Path home,
      Path logs,
      HttpJson http,
      Map<String, List<String>> workloadsOfService) {
    this.mesh = mesh;
    this.folder = folder;
    this.home = home;
    this.logs = logs;
    this.http = http;
    this.workloadsOfService = workloadsOfService;
  }

  /**
   * Starts the mesh and waits until every workload is ready.
   *
   * @param directory private to this mesh: its folder and its state
   * @param logs where the logs of its processes go in the end
   */
  static GroupMesh start(
      RefmeshHome home,
      Topology topology,
      Path directory,
      Path logs,
      long seed,
      HttpJson http,
      Progress progress)
      throws IOException, InterruptedException, BadScenarioException {
    MeshFolder folder = new MeshFolder(directory.resolve("folder"));
    ShopFolder.write(home, folder.directory(), topology, seed);
    LocalMesh mesh;
    try {
      mesh =
          LocalMesh.start(
              new LocalMeshOptions(
                  folder.directory(), directory.resolve(STATE), home, Map.of(), STOP_GRACE),
              progress);
    } catch (BadFolderException e) {
      throw new BadScenarioException(
          List.of("topology " + topology.name() + ": " + e.getMessage()));
    }
    GroupMesh group =
        new GroupMesh(mesh, folder, directory, logs, http, workloadsOfService(folder.directory()));
    try {
      Files.createDirectories(logs.toAbsolutePath().getParent());
      Files.createSymbolicLink(logs, mesh.state().logs());
      mesh.awaitReady();
      return group;
    } catch (IOException | InterruptedException | RuntimeException e) {
      group.close();
      throw e;
    }
  }

  LocalMesh mesh() {
    return mesh;
  }

  MeshFolder folder() {
    return folder;
  }

  HttpJson http() {
    return http;
  }

  /** Names of the workloads behind a service of the shop. */
  List<String> workloadsOf(String service) {
    return workloadsOfService.getOrDefault(service, List.of());
  }

  List<SidecarTarget> sidecars() {
    return mesh.running().stream()
        .map(i -> new SidecarTarget(i.name(), i.workload(), i.admin()))
        .toList();
  }

  List<AppTarget> apps() {
    return mesh.running().stream()
        .filter(i -> !i.workload().equals(ShopFolder.LOAD))
        .map(i -> new AppTarget(i.name(), i.workload(), shopAdmin(i)))
        .toList();
  }

  static String shopAdmin(RunningInstance instance) {
    return "http://" + instance.application() + ":" + SHOP_ADMIN_PORT;
  }

  /** Empties the shop's records and ledgers; to be called while there is no load. */
  void resetShop() throws IOException, InterruptedException {
    for (AppTarget app : apps()) {
      http.send("POST", app.adminUrl() + "/reset", "");
    }
  }

  /**
   * Makes {@code resources} the content of a layer of the folder and waits until it is in force:
   * the control plane has read it, and every sidecar has applied what follows from it.
   */
  void apply(String layer, List<MeshResource> resources) throws IOException, InterruptedException {
    folder.put(layer, resources);
    String via = mark();
    String missing = "";
    boolean once = false;
    for (long rounds = IN_FORCE_WITHIN.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
      JsonNode state = http.get(mesh.controlPlaneAdmin() + "/state");
      missing = notInForce(state, via);
      // Twice in a row: a sidecar to which nothing could be sent for a moment looks as if it had
      // everything.
      if (missing.isEmpty() && once) {
        return;
      }
      once = missing.isEmpty();
      Thread.sleep(LOOK_EVERY);
    }
    throw new IOException(
        "a change of the mesh's folder was not in force within "
            + IN_FORCE_WITHIN.toSeconds()
            + " s: "
            + missing);
  }

  /**
   * Changes the marker, a detour of a service that nobody calls; what the control plane shows of it
   * tells how far it has read.
   */
  private String mark() throws IOException {
    revision++;
    String via = "127.0.0.1:" + (1 + revision % 65_000);
    folder.put(
        "zz-marker",
        List.of(
            new MeshResource(
                "Detour",
                ShopFolder.NAMESPACE,
                ShopFolder.MARKER,
                JSON.writeValueAsString(
                    Map.of(
                        "apiVersion",
                        "refmesh.io/v1alpha1",
                        "kind",
                        "Detour",
                        "metadata",
                        Map.of("name", ShopFolder.MARKER, "namespace", ShopFolder.NAMESPACE),
                        "spec",
                        Map.of(
                            "targetRefs",
                            List.of(Map.of("kind", "Service", "name", ShopFolder.MARKER)),
                            "via",
                            via,
                            "expiresAfter",
                            "1m"))))));
    return via;
  }

  /** What is still missing, a sentence; empty when everything is in force. */
  static String notInForce(JsonNode state, String marker) {
    boolean read = false;
    for (JsonNode detour : state.path("detours")) {
      read |= detour.path("via").asString("").equals(marker);
    }
    if (!read) {
      StringBuilder problems = new StringBuilder();
      for (JsonNode problem : state.path("problems")) {
        problems
            .append("; ")
            .append(problem.path("object").asString(""))
            .append(": ")
            .append(problem.path("message").asString(""));
      }
      return "the control plane has not read it" + problems;
    }
    for (JsonNode proxy : state.path("proxies")) {
      for (JsonNode resource : proxy.path("resources")) {
        if (resource.path("sent").asLong() > resource.path("applied").asLong()) {
          return "the sidecar of "
              + proxy.path("workload").asString("")
              + "-"
              + proxy.path("replica").asInt()
              + " has not applied "
              + resource.path("resource").asString("")
              + (resource.path("reason").asString("").isEmpty()
                  ? ""
                  : ": " + resource.path("reason").asString(""));
        }
      }
    }
    return "";
  }

  /** Stops the mesh, keeps its logs and removes the rest, keys first of all. */
  @Override
  public void close() throws IOException {
    try {
      mesh.close();
    } finally {
      clearAway(home, logs);
    }
  }

  /** Keeps the logs of a mesh that has ended and removes everything else of it. */
  static void clearAway(Path home, Path logs) throws IOException {
    Path kept = home.resolve(STATE).resolve("logs");
    if (Files.isDirectory(kept)) {
      Files.deleteIfExists(logs);
      Files.move(kept, logs);
    }
    delete(home);
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static Map<String, List<String>> workloadsOfService(Path folder) {
    Map<String, List<String>> workloads = new TreeMap<>();
    try (FolderRegistry registry = new FolderRegistry(folder)) {
      var contents = registry.load();
      for (Service service : contents.only(Service.class)) {
        workloads.put(
            service.metadata().name(),
            contents.only(Workload.class).stream()
                .filter(workload ->
                    workload.metadata().namespace().equals(service.metadata().namespace())
                        && !service.selector().isEmpty()
                        && workload
                            .metadata()
                            .labels()
                            .entrySet()
                            .containsAll(service.selector().entrySet()))
                .map(workload -> workload.metadata().name())
                .toList());
      }
    }
    return workloads;
  }
}
