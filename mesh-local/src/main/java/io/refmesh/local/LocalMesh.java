package io.refmesh.local;

import io.refmesh.local.network.LocalNetwork;
import io.refmesh.local.network.LoopbackClaim;
import io.refmesh.local.network.Namespaces;
import io.refmesh.local.process.ManagedProcess;
import io.refmesh.local.process.Probe;
import io.refmesh.local.process.ProcessTable;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A whole mesh on this machine: the control plane and every workload of a folder with its sidecar,
 * as real processes. The file to open first.
 *
 * <p>Safe on any thread. What the folder asks for is put into effect one change after the other on
 * one thread of its own; each instance is watched by its own.
 *
 * <p>Long because starting, changing and stopping are one life: each undoes what another did.
 */
public final class LocalMesh implements AutoCloseable {

  private static final Duration CONTROL_PLANE_WITHIN = Duration.ofSeconds(30);
  private static final Duration READY_WITHIN = Duration.ofSeconds(60);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);

  /** The longest a sidecar may drain before it is killed: its own timeout and a little. */
  private static final Duration DRAIN_AT_MOST = Duration.ofSeconds(125);

  private final LocalMeshOptions options;
  private final Progress progress;
  private final LoopbackClaim claim;
  private final StateFolder state;
  private final ProcessTable table;
  private final Probe probe = new Probe();
  private final LocalNetwork network;
  private final Optional<Namespaces> namespaces;
  private final ControlPlane controlPlane;
  private final Surroundings surroundings;
  private final Map<String, Instance> instances = new TreeMap<>();
  private final List<Instance> leaving = new ArrayList<>();
  private final ExecutorService changes =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("folder changes").factory());

  private FolderView view;
  private @Nullable FolderSource source;
  private boolean closed;

  private LocalMesh(
      LocalMeshOptions options,
      Progress progress,
      FolderView view,
      LoopbackClaim claim,
      StateFolder state,
      LocalNetwork network,
      Optional<Namespaces> namespaces) {
    this.options = options;
    this.progress = progress;
    this.view = view;
    this.claim = claim;
    this.state = state;
    this.table = new ProcessTable(state.processes());
    this.network = network;
    this.namespaces = namespaces;
    this.controlPlane =
        new ControlPlane(
            options.home(),
            options.folder(),
            state,
            network.controlPlane(),
            table,
            probe,
            progress);
    this.surroundings =
        new Surroundings(options, state, network, namespaces, controlPlane.address());
  }

  /**
   * Starts the mesh of a folder and returns as soon as every process is started; {@link
   * #awaitReady} waits for the rest. What an earlier mesh left behind after a crash is stopped
   * first.
   *
   * @throws BadFolderException when the folder cannot be understood
   * @throws io.refmesh.local.network.AlreadyRunningException when a mesh runs on it already
   */
  public static LocalMesh start(LocalMeshOptions options, Progress progress)
      throws IOException, InterruptedException {
    FolderView view = FolderSource.read(options.folder());
    if (!view.problems().isEmpty()) {
      throw new BadFolderException(options.folder(), view.problems());
    }
    LoopbackClaim claim = LoopbackClaim.take(options.folder(), options.state());
    try {
      StateFolder state = StateFolder.create(options.state());
      List<String> leftovers = ProcessTable.stopAll(state.processes(), options.stopGrace());
      if (!leftovers.isEmpty()) {
        progress.say("stopped what an earlier mesh had left: " + String.join(", ", leftovers));
      }
      Namespaces.sweep(options.state());
      LocalNetwork network = new LocalNetwork(claim.octet(), options.namespaces());
      Optional<Namespaces> namespaces =
          options.namespaces()
              ? Optional.of(Namespaces.open(options.state(), claim.octet(), network))
              : Optional.empty();
      LocalMesh mesh = new LocalMesh(options, progress, view, claim, state, network, namespaces);
      try {
        mesh.startAll();
        return mesh;
      } catch (IOException | InterruptedException | RuntimeException e) {
        mesh.close();
        throw e;
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      Namespaces.sweep(options.state());
      claim.close();
      throw e;
    }
  }

  /**
   * Waits until every workload is ready.
   *
   * @throws NotReadyException naming what is not, and why
   */
  public void awaitReady() throws IOException, InterruptedException {
    awaitReady(READY_WITHIN);
  }

  public void awaitReady(Duration atMost) throws IOException, InterruptedException {
    Set<String> told = new java.util.HashSet<>();
    for (long rounds = atMost.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
      List<Instance> all = all();
      for (Instance instance : all) {
        if (instance.ready() && told.add(instance.replica().name())) {
          progress.say(
              "ready  "
                  + told.size()
                  + "/"
                  + all.size()
                  + "  "
                  + instance.replica().name()
                  + "  "
                  + instance.setting().inbound());
        }
      }
      if (all.stream().allMatch(Instance::ready)) {
        writeMesh("ready", "");
        return;
      }
      Thread.sleep(LOOK_EVERY);
    }
    String waiting =
        all().stream()
            .filter(instance -> !instance.ready())
            .map(instance -> instance.replica().name() + ": " + instance.waitsFor())
            .collect(Collectors.joining("\n"));
    throw new NotReadyException("not ready within " + atMost.toSeconds() + " s:\n" + waiting);
  }

  public StateFolder state() {
    return state;
  }

  /** {@code http://127.n.0.1:8087}. */
  public String controlPlaneAdmin() {
    return controlPlane.admin();
  }

  /** What is running now, in the order of names. */
  public List<RunningInstance> running() {
    return all().stream()
        .map(instance ->
            new RunningInstance(
                instance.replica().namespace(),
                instance.replica().workload(),
                instance.replica().index(),
                instance.setting().identity(),
                instance.setting().inbound(),
                instance.setting().applicationAddress(),
                "http://" + instance.setting().inbound() + ":" + Sidecar.ADMIN_PORT,
                instance.maybeApplicationPid(),
                instance.maybeSidecarPid(),
                instance.ready(),
                instance.restarts(),
                instance.replica().zone()))
        .toList();
  }

  /**
   * Where {@code instance} (such as {@code shop/web-0}) reaches {@code service} (such as {@code
   * shop/cart}).
   */
  public synchronized String addressOf(String instance, String service) {
    return network.service(require(instance).number(), service);
  }

  /**
   * Starts a further process inside a workload: its environment, its names, its sidecar. The caller
   * stops it.
   */
  public ManagedProcess exec(
      String instance, String name, List<String> command, Map<String, String> environment)
      throws IOException {
    Instance found;
    synchronized (this) {
      found = require(instance);
    }
    return found.exec(
        name, surroundings.expand(command, found.setting().applicationEnvironment()), environment);
  }

  /** Kills the control plane; it stays away until {@link #startControlPlane}. */
  public void killControlPlane() {
    controlPlane.kill();
  }

  /** Starts the control plane again and waits until it is ready. */
  public void startControlPlane() throws IOException, InterruptedException {
    controlPlane.start();
    controlPlane.awaitReady(CONTROL_PLANE_WITHIN);
  }

  /** Kills the sidecar of an instance; it comes back like after any crash. */
  public void killSidecar(String instance) {
    Instance found;
    synchronized (this) {
      found = require(instance);
    }
    found.killSidecar();
  }

  /**
   * Kills application and sidecar of an instance without a word; both come back like after any
   * crash.
   */
  public void killInstance(String instance) {
    Instance found;
    synchronized (this) {
      found = require(instance);
    }
    found.kill();
  }

  /**
   * Replaces every instance of a workload, one after the other: the new one is ready before the old
   * one drains. Returns when the last old one is gone.
   */
  public void rollingRestart(String namespace, String workload)
      throws IOException, InterruptedException {
    List<Instance> old;
    synchronized (this) {
      old =
          instances.values().stream()
              .filter(i ->
                  i.replica().namespace().equals(namespace)
                      && i.replica().workload().equals(workload))
              .toList();
    }
    for (Instance instance : old) {
      replace(instance, instance.replica());
    }
  }

  /** Stops everything: applications and sidecars, then the control plane. */
  @Override
  public void close() throws IOException {
    List<Instance> all;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      all = new ArrayList<>(instances.values());
      all.addAll(leaving);
    }
    changes.shutdownNow();
    FolderSource watched = source;
    if (watched != null) {
      watched.close();
    }
    try {
      all.forEach(Instance::terminate);
      all.forEach(instance -> instance.stop(options.stopGrace(), options.stopGrace()));
      controlPlane.stop(options.stopGrace());
      Namespaces.sweep(options.state());
      Files.deleteIfExists(state.processes());
      writeMesh("down", "");
    } finally {
      probe.close();
      claim.close();
    }
  }

  private void startAll() throws IOException, InterruptedException {
    table.add("supervisor", "supervisor", ProcessHandle.current());
    writeMesh("starting", "");
    writeInstances();
    controlPlane.start();
    controlPlane.awaitReady(CONTROL_PLANE_WITHIN);
    progress.say("ready       control plane  " + controlPlane.address());
    surroundings.open(Tokens.open(state, InstantSource.system()));
    synchronized (this) {
      for (Replica replica : view.replicas()) {
        instances.put(replica.name(), create(replica));
      }
      writeInstances();
      for (Instance instance : instances.values()) {
        instance.start();
      }
    }
    Thread.ofVirtual().name("renew tokens").start(this::renewTokens);
    source =
        FolderSource.watch(
            options.folder(), changed -> changes.execute(() -> apply(changed)), progress);
  }

  // -- changes of the folder, on one thread

  private void apply(FolderView next) {
    try {
      List<Instance> gone = new ArrayList<>();
      Map<Instance, Replica> replaced = new LinkedHashMap<>();
      synchronized (this) {
        if (closed) {
          return;
        }
        view = next;
        Map<String, Replica> wanted = new TreeMap<>();
        next.replicas().forEach(replica -> wanted.put(replica.name(), replica));
        for (Instance instance : List.copyOf(instances.values())) {
          Replica replica = wanted.remove(instance.replica().name());
          if (replica == null) {
            instances.remove(instance.replica().name());
            leaving.add(instance);
            gone.add(instance);
          } else if (!replica.equals(instance.replica())) {
            replaced.put(instance, replica);
          }
        }
        List<Instance> started = new ArrayList<>();
        for (Replica replica : wanted.values()) {
          Instance instance = create(replica);
          instances.put(replica.name(), instance);
          started.add(instance);
        }
        for (Instance instance : instances.values()) {
          surroundings.writeHosts(instance.replica(), instance.number(), view);
        }
        writeInstances();
        for (Instance instance : started) {
          progress.say("starting  " + instance.replica().name());
          instance.start();
        }
      }
      for (Instance instance : gone) {
        progress.say("draining  " + instance.replica().name());
        Thread.ofVirtual().start(() -> retire(instance));
      }
      for (Map.Entry<Instance, Replica> change : replaced.entrySet()) {
        progress.say("replacing  " + change.getKey().replica().name());
        replace(change.getKey(), change.getValue());
      }
    } catch (IOException | RuntimeException e) {
      progress.say("a change of the folder could not be put into effect: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void replace(Instance old, Replica replica) throws IOException, InterruptedException {
    Instance fresh;
    synchronized (this) {
      fresh = create(replica);
      leaving.add(old);
      instances.put(replica.name(), fresh);
      writeInstances();
      fresh.start();
    }
    for (long rounds = READY_WITHIN.dividedBy(LOOK_EVERY); rounds > 0 && !fresh.ready(); rounds--) {
      Thread.sleep(LOOK_EVERY);
    }
    if (fresh.ready()) {
      retire(old);
      return;
    }
    progress.say(
        replica.name() + " is not ready, the one it replaces goes on: " + fresh.waitsFor());
    Thread.ofVirtual().name("retire " + replica.name()).start(() -> retireOnceReplaced(old));
  }

  /** Waits until whoever has the name by then is ready, or the name is gone. */
  private void retireOnceReplaced(Instance old) {
    try {
      while (!replaced(old)) {
        Thread.sleep(LOOK_EVERY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    synchronized (this) {
      if (closed) {
        return;
      }
    }
    retire(old);
  }

  private synchronized boolean replaced(Instance old) {
    Instance current = instances.get(old.replica().name());
    return closed || current == null || current.ready();
  }

  /** Announced first, so that nobody picks it; then its sidecar finishes what is in flight. */
  private void retire(Instance instance) {
    instance.drain();
    instance.stop(DRAIN_AT_MOST, options.stopGrace());
    synchronized (this) {
      leaving.remove(instance);
      removeNamespace(instance);
      network.releaseInstance(instance.number());
      publish();
    }
  }

  // -- helpers

  private void removeNamespace(Instance instance) {
    try {
      if (namespaces.isPresent() && instance.setting().namespace().isPresent()) {
        namespaces.get().remove(instance.setting().namespace().get());
      }
    } catch (IOException e) {
      progress.say("a network namespace stays until the mesh is down: " + e.getMessage());
    }
  }

  private void renewTokens() {
    try {
      while (true) {
        Thread.sleep(Tokens.RENEW_EVERY);
        synchronized (this) {
          if (closed) {
            return;
          }
          writeTokens();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void writeTokens() {
    try {
      for (Instance instance : instances.values()) {
        surroundings.writeToken(
            instance.replica(), instance.number(), instance.setting().identity());
      }
    } catch (IOException e) {
      progress.say(
          "tokens could not be renewed, sidecars keep their certificates until they end: "
              + e.getMessage());
    }
  }

  private synchronized List<Instance> all() {
    return List.copyOf(instances.values());
  }

  private Instance require(String name) {
    Instance instance = instances.get(name);
    if (instance == null) {
      throw new IllegalArgumentException(
          "workload instance: " + name + " (expected: one of " + instances.keySet() + ")");
    }
    return instance;
  }

  private Instance create(Replica replica) throws IOException {
    int number = network.takeInstance();
    Instance.Setting setting = surroundings.of(replica, number, view);
    return new Instance(replica, number, setting, state, table, probe, this::publish, progress);
  }

  private void publish() {
    try {
      writeInstances();
    } catch (IOException e) {
      progress.say("the control plane could not be told of a change: " + e.getMessage());
    }
  }

  private synchronized void writeInstances() throws IOException {
    List<Instance> all = new ArrayList<>(instances.values());
    all.addAll(leaving);
    InstancesFile.write(state.instances(), all, view.services(), network);
  }

  private void writeMesh(String phase, String reason) throws IOException {
    state.write(
        new StateFolder.MeshFile(
            options.folder().toString(),
            ProcessHandle.current().pid(),
            controlPlane.address(),
            controlPlane.admin(),
            view.trustDomain(),
            phase,
            reason));
  }
}
