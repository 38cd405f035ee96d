package io.refmesh.local;

import io.refmesh.control.registry.Instances;
import io.refmesh.local.network.LocalNetwork;
import io.refmesh.local.process.ManagedProcess;
import io.refmesh.local.process.Probe;
import io.refmesh.local.process.ProcessTable;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One command as a workload of a mesh that runs already: a sidecar of its own, the mesh as its HTTP
 * proxy, and the names of services. Another process than the mesh's; what the control plane is to
 * know of it is in a file of its own. Everything is gone when the command is.
 */
public final class MeshRun implements AutoCloseable {

  /** Commands at once; each has addresses of its own, beside those of the mesh. */
  private static final int RUNS_MAX = 250;

  /** Meshes claim 127.1 to 127.64. */
  private static final int ADDRESSES_APART = 64;

  private static final int PROXY_PORT = 4140;
  private static final Duration READY_WITHIN = Duration.ofSeconds(30);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final StateFolder state;
  private final int number;
  private final FileChannel claim;
  private final Surroundings surroundings;
  private final Replica replica;
  private final Instance.Setting setting;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final ManagedProcess sidecar;
  private @Nullable Thread tokens;
  private volatile @Nullable Process command;

  private MeshRun(
      StateFolder state,
      StateFolder.MeshFile mesh,
      RefmeshHome home,
      int octet,
      int number,
      FileChannel claim,
      String namespace,
      String serviceAccount)
      throws IOException {
    this.state = state;
    this.number = number;
    this.claim = claim;
    FolderView view = FolderSource.read(Path.of(mesh.folder()));
    LocalNetwork network = new LocalNetwork(octet + ADDRESSES_APART, false);
    surroundings =
        new Surroundings(
            LocalMeshOptions.of(Path.of(mesh.folder()), state.directory(), home),
            state,
            network,
            Optional.empty(),
            mesh.controlAddress());
    surroundings.open(Tokens.open(state, InstantSource.system()));
    replica =
        new Replica(
            namespace,
            "run-" + number,
            0,
            Map.of(),
            List.of("run"),
            Map.of(),
            serviceAccount,
            "",
            "small",
            List.of(),
            Optional.empty(),
            Map.of());
    setting = surroundings.of(replica, number, view);
    Instances.write(
        Instances.ofRun(state.control(), number),
        new Instances(
            List.of(
                new Instances.Instance(
                    namespace,
                    replica.workload(),
                    0,
                    Map.of(),
                    serviceAccount,
                    "",
                    setting.inbound(),
                    setting.applicationAddress(),
                    true,
                    false,
                    List.of(),
                    Map.of(),
                    view.services().stream()
                        .map(service ->
                            new Instances.Outbound(service, network.service(number, service)))
                        .toList(),
                    false))));
    Map<String, String> environment = new LinkedHashMap<>(setting.sidecarEnvironment());
    environment.put("REFMESH_HTTP_PROXY", proxy());
    environment.put("REFMESH_CLUSTER_DOMAIN", view.clusterDomain());
    // Nobody calls it, so nobody has to learn that it goes.
    environment.put("REFMESH_DRAIN_ANNOUNCE", "0");
    sidecar =
        ManagedProcess.start(
            replica.name() + ".sidecar",
            "sidecar",
            setting.sidecarCommand(),
            environment,
            state.directory(),
            state.log(replica.name() + ".sidecar"),
            new ProcessTable(processes(state, number)));
  }

  /**
   * Starts the sidecar and waits until it is ready.
   *
   * @param made gets the run before it is waited for: whoever is to be stopped meanwhile closes it
   * @throws IOException when no mesh runs there, or the sidecar does not get ready, with its words
   */
  public static MeshRun start(
      Path directory,
      RefmeshHome home,
      String namespace,
      String serviceAccount,
      Consumer<MeshRun> made)
      throws IOException, InterruptedException {
    StateFolder state = new StateFolder(directory);
    StateFolder.MeshFile mesh = state.readMesh();
    if (!mesh.phase().equals("ready") || ProcessHandle.of(mesh.supervisorPid()).isEmpty()) {
      throw new IOException(
          "the mesh of "
              + directory
              + " is "
              + mesh.phase()
              + " or its process is gone (expected: one that runs; `mesh up` starts it)");
    }
    String[] control = mesh.controlAddress().split("\\.");
    if (!control[0].equals("127")) {
      throw new IOException(
          "the mesh of "
              + directory
              + " runs in network namespaces (expected: `ip netns exec NAMESPACE COMMAND`, as `mesh"
              + " status` names them)");
    }
    for (int number = 1; number <= RUNS_MAX; number++) {
      FileChannel claim = maybeClaim(state, number);
      if (claim != null) {
        // What a run left behind that was killed.
        ProcessTable.stopAll(processes(state, number), GRACE);
        MeshRun run =
            new MeshRun(
                state,
                mesh,
                home,
                Integer.parseInt(control[1]),
                number,
                claim,
                namespace,
                serviceAccount);
        made.accept(run);
        try {
          run.awaitReady();
          return run;
        } catch (IOException | InterruptedException | RuntimeException e) {
          run.close();
          throw e;
        }
      }
    }
    throw new IOException(RUNS_MAX + " commands run in this mesh (expected: fewer)");
  }

  /** Runs the command in the caller's folder and terminal; returns its exit code. */
  public int run(List<String> words) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(words).inheritIO();
    Map<String, String> environment = builder.environment();
    environment.putAll(setting.applicationEnvironment());
    for (String name : List.of("HTTP_PROXY", "http_proxy")) {
      environment.put(name, "http://" + proxy());
    }
    for (String name : List.of("NO_PROXY", "no_proxy")) {
      environment.put(name, "localhost,127.0.0.1,::1");
    }
    Process started = builder.start();
    command = started;
    if (closed.get()) {
      started.destroy();
    }
    return started.waitFor();
  }

  /** Ends the command, if it still runs, then the sidecar, and takes every file away. */
  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    Process running = command;
    if (running != null && running.isAlive()) {
      running.destroy();
      try {
        if (!running.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
          running.destroyForcibly();
        }
      } catch (InterruptedException e) {
        running.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
    if (tokens != null) {
      tokens.interrupt();
    }
    sidecar.stop(GRACE);
    Files.deleteIfExists(Instances.ofRun(state.control(), number));
    Files.deleteIfExists(processes(state, number));
    Files.deleteIfExists(sidecar.log());
    try (Stream<Path> files = Files.walk(state.workload(replica.name() + "." + number))) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(lock(state, number));
    claim.close();
  }

  /** Stops what is left of runs that were killed; for the end of a mesh. */
  static List<String> stopAll(StateFolder state) throws IOException {
    List<String> stopped = new ArrayList<>();
    for (int number = 1; number <= RUNS_MAX; number++) {
      if (Files.exists(processes(state, number))) {
        stopped.addAll(ProcessTable.stopAll(processes(state, number), GRACE));
      }
      Files.deleteIfExists(Instances.ofRun(state.control(), number));
    }
    return stopped;
  }

  private void awaitReady() throws IOException, InterruptedException {
    tokens = Thread.ofVirtual().name("renew token").start(this::renewToken);
    try (Probe probe = new Probe()) {
      String url = "http://" + setting.inbound() + ":" + Sidecar.ADMIN_PORT + "/ready";
      Optional<String> reason = Optional.empty();
      for (long rounds = READY_WITHIN.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
        if (!sidecar.alive()) {
          throw new IOException("the sidecar ended" + sidecar.lastWords());
        }
        reason = probe.http(url);
        if (reason.isEmpty()) {
          return;
        }
        Thread.sleep(LOOK_EVERY);
      }
      throw new IOException(
          "the sidecar was not ready within "
              + READY_WITHIN.toSeconds()
              + " s: "
              + reason.orElse(""));
    }
  }

  private void renewToken() {
    try {
      while (true) {
        Thread.sleep(Tokens.RENEW_EVERY);
        surroundings.writeToken(replica, number, setting.identity());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String proxy() {
    return setting.inbound() + ":" + PROXY_PORT;
  }

  private static @Nullable FileChannel maybeClaim(StateFolder state, int number)
      throws IOException {
    FileChannel channel =
        FileChannel.open(lock(state, number), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock held = channel.tryLock();
    if (held == null) {
      channel.close();
      return null;
    }
    return channel;
  }

  private static Path lock(StateFolder state, int number) {
    return state.directory().resolve("run-" + number + ".lock");
  }

  private static Path processes(StateFolder state, int number) {
    return state.directory().resolve("run-" + number + ".processes.json");
  }
}
