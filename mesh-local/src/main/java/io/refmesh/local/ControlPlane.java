package io.refmesh.local;

import io.refmesh.local.process.ManagedProcess;
import io.refmesh.local.process.Probe;
import io.refmesh.local.process.ProcessTable;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The control plane's process: started first, started again when it ends unasked. */
final class ControlPlane {

  static final int PORT = 8086;
  static final int ADMIN_PORT = 8087;

  private static final List<String> JVM =
      List.of("-XX:+UseSerialGC", "-Xms32m", "-Xmx128m", "-XX:TieredStopAtLevel=1");
  private static final Duration PROBE_EVERY = Duration.ofMillis(100);
  private static final Duration RESTART_AFTER = Duration.ofSeconds(1);

  private final RefmeshHome home;
  private final StateFolder state;
  private final ProcessTable table;
  private final Probe probe;
  private final Progress progress;
  private final Map<String, String> environment;
  private final String host;

  private @Nullable ManagedProcess process;
  private boolean wanted;
  private int incarnation;

  ControlPlane(
      RefmeshHome home,
      Path folder,
      StateFolder state,
      String host,
      ProcessTable table,
      Probe probe,
      Progress progress) {
    this.home = home;
    this.state = state;
    this.host = host;
    this.table = table;
    this.probe = probe;
    this.progress = progress;
    this.environment =
        Map.of(
            "REFMESH_CONTROL_ADDRESS", address(),
            "REFMESH_CONTROL_ADMIN", host + ":" + ADMIN_PORT,
            "REFMESH_FOLDER", folder.toString(),
            "REFMESH_STATE", state.control().toString());
  }

  String address() {
    return host + ":" + PORT;
  }

  String admin() {
    return "http://" + host + ":" + ADMIN_PORT;
  }

  synchronized Optional<Long> maybePid() {
    ManagedProcess running = process;
    return running == null || !running.alive() ? Optional.empty() : Optional.of(running.pid());
  }

  /** Starts it; does not wait. */
  synchronized void start() throws IOException {
    wanted = true;
    incarnation++;
    ManagedProcess started =
        ManagedProcess.start(
            "control-plane." + incarnation,
            "control-plane",
            home.command("mesh-control", JVM),
            environment,
            state.directory(),
            state.log("control-plane"),
            table);
    process = started;
    started.onExit(() -> Thread.ofVirtual().start(() -> restartUnlessAsked(started)));
  }

  /** Waits until it says that it is ready, or throws with the reason why it is not. */
  void awaitReady(Duration atMost) throws IOException, InterruptedException {
    Optional<String> reason = Optional.of("not asked yet");
    for (long rounds = atMost.dividedBy(PROBE_EVERY); rounds > 0; rounds--) {
      ManagedProcess running;
      synchronized (this) {
        running = process;
      }
      if (running == null || !running.alive()) {
        throw new IOException(
            "the control plane ended while it was starting (log: "
                + state.log("control-plane")
                + ")"
                + (running == null ? "" : running.lastWords()));
      }
      reason = probe.http(admin() + "/ready");
      if (reason.isEmpty()) {
        return;
      }
      LockSupport.parkNanos(PROBE_EVERY.toNanos());
    }
    throw new IOException(
        "the control plane was not ready within "
            + atMost.toSeconds()
            + " s: "
            + reason.orElse("")
            + "; its log: "
            + state.log("control-plane"));
  }

  /** Kills it without a word and leaves it away until {@link #start}. */
  void kill() {
    ManagedProcess running;
    synchronized (this) {
      wanted = false;
      running = process;
    }
    if (running != null) {
      running.kill();
    }
  }

  void stop(Duration grace) {
    ManagedProcess running;
    synchronized (this) {
      wanted = false;
      running = process;
    }
    if (running != null) {
      running.stop(grace);
    }
  }

  private void restartUnlessAsked(ManagedProcess ended) {
    synchronized (this) {
      if (!wanted || process != ended) {
        return;
      }
    }
    progress.say(
        "the control plane ended with exit code "
            + ended.exitCode()
            + "; starting it again (log: "
            + ended.log()
            + ")");
    LockSupport.parkNanos(RESTART_AFTER.toNanos());
    synchronized (this) {
      if (!wanted || process != ended) {
        return;
      }
      try {
        start();
      } catch (IOException e) {
        progress.say("the control plane could not be started: " + e.getMessage());
      }
    }
  }
}
