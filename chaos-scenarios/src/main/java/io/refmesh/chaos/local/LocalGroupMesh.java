package io.refmesh.chaos.local;

import io.refmesh.chaos.intruder.Forgery;
import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.mesh.Marker;
import io.refmesh.chaos.mesh.MeshDirectory;
import io.refmesh.chaos.mesh.MeshInstance;
import io.refmesh.chaos.mesh.RunningLoad;
import io.refmesh.chaos.mesh.ShopFolder;
import io.refmesh.chaos.scenario.BadScenarioException;
import io.refmesh.chaos.scenario.MeshResource;
import io.refmesh.chaos.scenario.Topology;
import io.refmesh.control.registry.FolderRegistry;
import io.refmesh.local.BadFolderException;
import io.refmesh.local.LocalMesh;
import io.refmesh.local.LocalMeshOptions;
import io.refmesh.local.Progress;
import io.refmesh.local.RunningInstance;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

/** A mesh of processes on this machine. */
final class LocalGroupMesh implements GroupMesh {

  private static final Duration IN_FORCE_WITHIN = Duration.ofSeconds(10);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final Duration STOP_GRACE = Duration.ofSeconds(10);

  private final LocalMesh mesh;
  private final MeshFolder folder;
  private final MeshDirectory directory;
  private final HttpJson http;
  private final Map<String, List<String>> workloadsOfService;
  private final Marker marker = new Marker();

  private LocalGroupMesh(
      LocalMesh mesh, MeshFolder folder, MeshDirectory directory, HttpJson http) {
    this.mesh = mesh;
    this.folder = folder;
    this.directory = directory;
    this.http = http;
    try (FolderRegistry registry = new FolderRegistry(folder.directory())) {
      this.workloadsOfService = ShopFolder.workloadsOfServices(registry.load());
    }
  }

  static LocalGroupMesh start(
      RefmeshHome home,
      Topology topology,
      MeshDirectory directory,
      long seed,
      HttpJson http,
      Progress progress)
      throws IOException, InterruptedException, BadScenarioException {
    MeshFolder folder = new MeshFolder(directory.folder());
    ShopFolder.write(home, folder.directory(), topology, seed);
    LocalMesh mesh;
    try {
      mesh =
          LocalMesh.start(
              new LocalMeshOptions(
                  folder.directory(), directory.state(), home, Map.of(), STOP_GRACE),
              progress);
    } catch (BadFolderException e) {
      throw new BadScenarioException(
          List.of("topology " + topology.name() + ": " + e.getMessage()));
    }
    LocalGroupMesh group = new LocalGroupMesh(mesh, folder, directory, http);
    try {
      Files.createDirectories(directory.logs().toAbsolutePath().getParent());
      Files.createSymbolicLink(directory.logs(), mesh.state().logs());
      mesh.awaitReady();
      return group;
    } catch (IOException | InterruptedException | RuntimeException e) {
      group.close();
      throw e;
    }
  }

  @Override
  public List<MeshInstance> running() {
    return mesh.running().stream().map(LocalGroupMesh::instance).toList();
  }

  private static MeshInstance instance(RunningInstance instance) {
    return new MeshInstance(
        instance.namespace(),
        instance.workload(),
        instance.replica(),
        instance.inbound(),
        instance.admin(),
        "http://" + instance.application() + ":" + ShopFolder.ADMIN_PORT,
        instance.applicationPid().map(String::valueOf),
        instance.sidecarPid().map(String::valueOf),
        instance.ready());
  }

  @Override
  public List<String> workloadsOf(String service) {
    return workloadsOfService.getOrDefault(service, List.of());
  }

  @Override
  public void settle() {
    // A process is back within a second; the steady state of a scenario tells whether all is well.
  }

  @Override
  public void put(String layer, List<MeshResource> resources) throws IOException {
    folder.put(layer, resources);
  }

  @Override
  public void apply(String layer, List<MeshResource> resources)
      throws IOException, InterruptedException {
    folder.put(layer, resources);
    Marker.Mark mark = marker.next();
    folder.put(Marker.LAYER, List.of(mark.resource()));
    mark.await(
        () -> List.of(http.get(mesh.controlPlaneAdmin() + "/state")), IN_FORCE_WITHIN, LOOK_EVERY);
  }

  @Override
  public RunningLoad load(String name, String plan, Path files)
      throws IOException, InterruptedException {
    return LoadProcess.start(mesh, name, plan, files);
  }

  @Override
  public Forgery forgery() {
    try {
      return Forgery.ofFolder(
          mesh.state().control(),
          mesh.state().directory().resolve("foreign-ca"),
          mesh.state().readMesh().trustDomain(),
          InstantSource.system());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("the mesh's state cannot be read", e);
    }
  }

  @Override
  public InetAddress harness() {
    return InetAddress.ofLiteral("127.0.0.1");
  }

  @Override
  public void killSidecar(String instance) {
    mesh.killSidecar(instance);
  }

  @Override
  public void killInstance(String instance) {
    mesh.killInstance(instance);
  }

  @Override
  public void rollingRestart(String workload) throws IOException, InterruptedException {
    mesh.rollingRestart(ShopFolder.NAMESPACE, workload);
  }

  @Override
  public void killControlPlane() {
    mesh.killControlPlane();
  }

  @Override
  public void startControlPlane() throws IOException, InterruptedException {
    mesh.startControlPlane();
  }

  /** Stops the mesh, keeps its logs and removes the rest, keys first of all. */
  @Override
  public void close() throws IOException {
    try {
      mesh.close();
    } finally {
      directory.clearAway();
    }
  }
}
