package io.refmesh.local;

import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.FolderRegistry;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Service;
import io.refmesh.control.registry.Workload;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The watched folder as local mode sees it: workloads become replicas, services become names. */
final class FolderSource implements AutoCloseable {

  private final FolderRegistry registry;

  private FolderSource(FolderRegistry registry) {
    this.registry = registry;
  }

  /** What the folder says now. */
  static FolderView read(Path folder) {
    try (FolderRegistry registry = new FolderRegistry(folder)) {
      return view(registry.load());
    }
  }

  /**
   * Calls {@code listener} with every change, on a thread of its own; problems are told as they
   * appear.
   */
  static FolderSource watch(Path folder, Consumer<FolderView> listener, Progress progress) {
    FolderRegistry registry = new FolderRegistry(folder);
    List<Problem> told = new ArrayList<>(registry.load().problems());
    registry.watch(contents -> {
      for (Problem problem : contents.problems()) {
        if (!told.contains(problem)) {
          progress.say("refused   " + problem + "; what held before goes on");
        }
      }
      told.clear();
      told.addAll(contents.problems());
      listener.accept(view(contents));
    });
    return new FolderSource(registry);
  }

  @Override
  public void close() {
    registry.close();
  }

  private static FolderView view(Contents contents) {
    MeshConfig config = contents.meshConfig();
    List<Replica> replicas = new ArrayList<>();
    for (Workload workload : contents.only(Workload.class)) {
      for (int index = 0; index < workload.replicas(); index++) {
        replicas.add(replica(workload, index, config.proxy().profile()));
      }
    }
    return new FolderView(
        replicas,
        contents.only(Service.class).stream()
            .map(service -> service.metadata().qualifiedName())
            .toList(),
        config.trustDomain(),
        config.clusterDomain(),
        config.proxy(),
        contents.problems().stream().map(Problem::toString).toList());
  }

  private static Replica replica(Workload workload, int index, String profileOfTheMesh) {
    return new Replica(
        workload.metadata().namespace(),
        workload.metadata().name(),
        index,
        workload.metadata().labels(),
        workload.command(),
        workload.env(),
        workload.serviceAccount(),
        workload.zone(index),
        workload.sidecar().profile().equals("standard")
            ? profileOfTheMesh
            : workload.sidecar().profile(),
        workload.ports().stream()
            .map(port -> new Replica.Port(port.name(), port.port(), port.appProtocol()))
            .toList(),
        workload.readiness().map(check -> new Replica.HttpGet(check.path(), check.port())),
        workload.annotations());
  }
}
