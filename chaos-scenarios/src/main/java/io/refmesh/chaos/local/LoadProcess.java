package io.refmesh.chaos.local;

import io.refmesh.chaos.mesh.RunningLoad;
import io.refmesh.chaos.mesh.ShopFolder;
import io.refmesh.local.LocalMesh;
import io.refmesh.local.process.ManagedProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The load generator of one scenario: a process inside the workload {@code load}. */
final class LoadProcess implements RunningLoad {

  private static final List<String> JVM =
      List.of(
          "java",
          "-XX:+UseSerialGC",
          "-Xmx256m",
          "-XX:TieredStopAtLevel=1",
          "-XX:-UsePerfData",
          "-Xshare:auto");
  private static final Duration START_WITHIN = Duration.ofSeconds(30);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(15);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);

  /** As documented: stopped by SIGTERM, with complete files; and carried out. */
  private static final List<Integer> COMPLETE = List.of(143, 130, 0);

  private final ManagedProcess process;
  private final long startedEpochMillis;

  private LoadProcess(ManagedProcess process, long startedEpochMillis) {
    this.process = process;
    this.startedEpochMillis = startedEpochMillis;
  }

  /** Starts it and waits until the first requests are about to go out. */
  static LoadProcess start(LocalMesh mesh, String scenario, String plan, Path folder)
      throws IOException, InterruptedException {
    Files.createDirectories(folder.toAbsolutePath().getParent());
    Path planFile = folder.resolveSibling(scenario + ".plan.json");
    Files.writeString(planFile, plan);
    List<String> command = new java.util.ArrayList<>(JVM);
    command.addAll(
        List.of(
            "-jar", "load-tests/target/load-tests.jar", planFile.toString(), folder.toString()));
    ManagedProcess process =
        mesh.exec(
            ShopFolder.NAMESPACE + "/" + ShopFolder.LOAD + "-0",
            "gatling-" + scenario,
            command,
            Map.of());
    try {
      Path started = folder.resolve("started");
      for (long rounds = START_WITHIN.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
        if (Files.exists(started)) {
          return new LoadProcess(process, Long.parseLong(Files.readString(started).strip()));
        }
        if (!process.alive()) {
          throw new IOException(
              "the load generator ended with exit code " + process.exitCode() + lastLine(process));
        }
        Thread.sleep(LOOK_EVERY);
      }
      throw new IOException(
          "the load generator did not start within "
              + START_WITHIN.toSeconds()
              + " s"
              + lastLine(process));
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.kill();
      throw e;
    }
  }

  @Override
  public long startedEpochMillis() {
    return startedEpochMillis;
  }

  @Override
  public void stop() throws IOException {
    if (!process.alive() && !process.stopping()) {
      throw new IOException(
          "the load generator ended early with exit code "
              + process.exitCode()
              + lastLine(process));
    }
    process.stop(STOP_WITHIN);
    if (!COMPLETE.contains(process.exitCode())) {
      throw new IOException(
          "the load generator ended with exit code " + process.exitCode() + lastLine(process));
    }
  }

  @Override
  public void close() {
    if (process.alive()) {
      process.stop(STOP_WITHIN);
    }
  }

  private static String lastLine(ManagedProcess process) throws IOException {
    List<String> lines =
        Files.readAllLines(process.log(), StandardCharsets.UTF_8).stream()
            .filter(line -> !line.isBlank())
            .toList();
    return lines.isEmpty()
        ? "; its log is empty: " + process.log()
        : ": " + lines.getLast() + " (log: " + process.log() + ")";
  }
}
