package io.refmesh.local;

import io.refmesh.local.network.NetworkNamespace;
import io.refmesh.local.process.ManagedProcess;
import io.refmesh.local.process.Probe;
import io.refmesh.local.process.ProcessTable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One running replica: its application and its sidecar, watched by a virtual thread of its own. An
 * end that nobody asked for is followed by a restart after a pause that grows; readiness is what
 * both say of themselves.
 */
final class Instance {

  private static final Duration PROBE_UNTIL_READY = Duration.ofMillis(100);
  private static final Duration PROBE_WHEN_READY = Duration.ofMillis(500);
  private static final Duration RESTART_FIRST = Duration.ofMillis(500);
  private static final Duration RESTART_MOST = Duration.ofSeconds(10);

  private final Replica replica;
  private final int number;
  private final Setting setting;
  private final StateFolder state;
  private final ProcessTable table;
  private final Probe probe;
  private final Runnable changed;
  private final Progress progress;

  private volatile @Nullable ManagedProcess application;
  private volatile @Nullable ManagedProcess sidecar;
  private volatile boolean ready;
  private volatile boolean draining;
  private volatile boolean stopped;
  private volatile int restarts;
  private volatile String waitsFor = "not started";

  /**
   * What does not change while the instance lives.
   *
   * @param namespace of the network, when the instance has one of its own
   */
  record Setting(
      String identity,
      String inbound,
      String applicationAddress,
      List<String> sidecarCommand,
      Map<String, String> sidecarEnvironment,
      List<String> applicationCommand,
      Map<String, String> applicationEnvironment,
      Path directory,
      Optional<NetworkNamespace> namespace) {}

  /**
   * @param changed called when readiness changed, on the instance's thread
   */
  Instance(
      Replica replica,
      int number,
      Setting setting,
      StateFolder state,
      ProcessTable table,
      Probe probe,
      Runnable changed,
      Progress progress) {
    this.replica = replica;
    this.number = number;
    this.setting = setting;
    this.state = state;
    this.table = table;
    this.probe = probe;
    this.changed = changed;
    this.progress = progress;
  }

  Replica replica() {
    return replica;
  }

  /**
   * Its number in the {@link io.refmesh.local.network.LocalNetwork}; part of its process names, so
   * that two incarnations differ.
   */
  int number() {
    return number;
  }

  Setting setting() {
    return setting;
  }

  boolean ready() {
    return ready && !draining;
  }

  boolean draining() {
    return draining;
  }

  int restarts() {
    return restarts;
  }

  /** One sentence: what it waits for; empty when it is ready. */
  String waitsFor() {
    return ready ? "" : waitsFor;
  }

  Optional<Long> maybeApplicationPid() {
    ManagedProcess process = application;
    return process == null || !process.alive() ? Optional.empty() : Optional.of(process.pid());
  }

  Optional<Long> maybeSidecarPid() {
    ManagedProcess process = sidecar;
    return process == null || !process.alive() ? Optional.empty() : Optional.of(process.pid());
  }

  /** Starts both processes and the thread that watches them. */
  void start() throws IOException {
    startSidecar();
    startApplication();
    Thread.ofVirtual().name("instance " + replica.name()).start(this::watch);
  }

  /**
   * Starts another process in the surroundings of this workload: same environment, same names, same
   * sidecar.
   */
  ManagedProcess exec(String name, List<String> command, Map<String, String> environment)
      throws IOException {
    Map<String, String> all = new LinkedHashMap<>(setting.applicationEnvironment());
    all.putAll(environment);
    return ManagedProcess.start(
        replica.name() + "." + name,
        "application",
        command,
        all,
        setting.directory(),
        state.log(replica.name() + "." + name),
        table);
  }

  /** Announces its end: discovery names it no more. */
  void drain() {
    draining = true;
    changed.run();
  }

  /**
   * Ends both: the sidecar first, which finishes what is in flight, then the application.
   *
   * @param sidecarWithin how long the sidecar may take before it is killed
   */
  void stop(Duration sidecarWithin, Duration applicationWithin) {
    stopped = true;
    ManagedProcess proxy = sidecar;
    if (proxy != null) {
      proxy.stop(sidecarWithin);
    }
    ManagedProcess app = application;
    if (app != null) {
      app.stop(applicationWithin);
    }
  }

  /**
   * Asks both to end without waiting: for the end of the whole mesh, when nobody is left to call.
   */
  void terminate() {
    stopped = true;
    ManagedProcess app = application;
    if (app != null) {
      app.terminate();
    }
    ManagedProcess proxy = sidecar;
    if (proxy != null) {
      proxy.terminate();
    }
  }

  /** Kills the sidecar without a word; it is restarted like after any crash. */
  void killSidecar() {
    ManagedProcess proxy = sidecar;
    if (proxy != null) {
      proxy.kill();
    }
  }

  /** Kills both without a word; they are restarted like after any crash. */
  void kill() {
    killSidecar();
    ManagedProcess app = application;
    if (app != null) {
      app.kill();
    }
  }

  private void startSidecar() throws IOException {
    sidecar =
        ManagedProcess.start(
            replica.name() + "." + number + ".sidecar",
            "sidecar",
            setting.sidecarCommand(),
            setting.sidecarEnvironment(),
            state.directory(),
            state.log(replica.name() + ".sidecar"),
            table);
  }

  private void startApplication() throws IOException {
    application =
        ManagedProcess.start(
            replica.name() + "." + number + ".application",
            "application",
            setting.applicationCommand(),
            setting.applicationEnvironment(),
            setting.directory(),
            state.log(replica.name()),
            table);
  }

  private void watch() {
    Duration pause = RESTART_FIRST;
    while (!stopped) {
      try {
        if (restartEnded(pause)) {
          pause =
              pause.multipliedBy(2).compareTo(RESTART_MOST) < 0
                  ? pause.multipliedBy(2)
                  : RESTART_MOST;
          continue;
        }
        Optional<String> reason = probeBoth();
        if (stopped) {
          return;
        }
        waitsFor = reason.orElse("");
        if (ready != reason.isEmpty()) {
          ready = reason.isEmpty();
          if (ready) {
            pause = RESTART_FIRST;
          }
          changed.run();
        }
        LockSupport.parkNanos((ready ? PROBE_WHEN_READY : PROBE_UNTIL_READY).toNanos());
      } catch (IOException e) {
        waitsFor = String.valueOf(e.getMessage());
        LockSupport.parkNanos(pause.toNanos());
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** Whether one of the two had ended and was started again. */
  private boolean restartEnded(Duration pause) throws IOException {
    boolean restarted = false;
    for (boolean proxy : new boolean[] {true, false}) {
      ManagedProcess process = proxy ? sidecar : application;
      if (process == null || process.alive() || stopped) {
        continue;
      }
      String what = proxy ? "sidecar" : "application";
      waitsFor =
          what
              + " ended with exit code "
              + process.exitCode()
              + " (log: "
              + process.log()
              + ")"
              + process.lastWords();
      if (ready) {
        ready = false;
        changed.run();
      }
      progress.say(
          replica.name() + ": " + waitsFor + "; starting it again in " + pause.toMillis() + " ms");
      LockSupport.parkNanos(pause.toNanos());
      if (stopped) {
        return true;
      }
      restarts++;
      if (proxy) {
        startSidecar();
      } else {
        startApplication();
      }
      restarted = true;
    }
    return restarted;
  }

  private Optional<String> probeBoth() throws InterruptedException {
    Optional<String> app = probeApplication();
    if (app.isPresent()) {
      return app.map(reason -> "application not ready: " + reason);
    }
    return probe
        .http("http://" + setting.inbound() + ":" + Sidecar.ADMIN_PORT + "/ready")
        .map(reason -> "sidecar not ready: " + reason);
  }

  private Optional<String> probeApplication() throws InterruptedException {
    String host = setting.applicationAddress();
    Optional<Replica.HttpGet> get = replica.readiness();
    Optional<NetworkNamespace> namespace = setting.namespace();
    if (namespace.isPresent()) {
      return probeInside(namespace.get(), host);
    }
    if (get.isPresent()) {
      return probe.http("http://" + host + ":" + get.get().port() + get.get().path());
    }
    return replica.ports().isEmpty()
        ? Optional.empty()
        : probe.tcp(host, replica.ports().getFirst().port());
  }

  /** From outside the sidecar would answer, or its policy refuse. */
  private Optional<String> probeInside(NetworkNamespace namespace, String host)
      throws InterruptedException {
    try {
      return namespace.call(() ->
          replica.readiness().isPresent()
              ? Probe.get(host, replica.readiness().get().port(), replica.readiness().get().path())
              : replica.ports().isEmpty()
                  ? Optional.empty()
                  : probe.tcp(host, replica.ports().getFirst().port()));
    } catch (IOException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }
}
