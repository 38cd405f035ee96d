package io.refmesh.chaos.local;

import io.refmesh.chaos.mesh.Environment.RunFolder;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.mesh.Toxiproxy;
import io.refmesh.local.process.ManagedProcess;
import io.refmesh.local.process.ProcessTable;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The Toxiproxy server of one run: a process of the harness, stopped by its handle. */
public final class ToxiproxyProcess implements AutoCloseable {

  private static final List<String> JVM =
      List.of(
          "-XX:+UseSerialGC",
          "-Xms16m",
          "-Xmx96m",
          "-XX:TieredStopAtLevel=1",
          "-Xshare:auto",
          "-XX:-UsePerfData");
  private static final Pattern READY = Pattern.compile("Toxiproxy control API on [0-9.]+:([0-9]+)");
  private static final Duration START_WITHIN = Duration.ofSeconds(20);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(5);

  private final ManagedProcess process;
  private final Toxiproxy server;

  private ToxiproxyProcess(ManagedProcess process, Toxiproxy server) {
    this.process = process;
    this.server = server;
  }

  /**
   * Starts the server and waits until it listens.
   *
   * @param address of this machine, where its API and its proxies listen
   */
  public static ToxiproxyProcess start(
      RefmeshHome home, String address, long seed, RunFolder folder, HttpJson http)
      throws IOException, InterruptedException {
    Path log = folder.logs().resolve("toxiproxy.log");
    List<String> command =
        home.command(
            "toxiproxy-server", JVM, "-host", address, "-port", "0", "-seed", Long.toString(seed));
    ManagedProcess process =
        ManagedProcess.start(
            "toxiproxy",
            "toxiproxy",
            command,
            Map.of(),
            folder.directory(),
            log,
            new ProcessTable(folder.processes()));
    try {
      for (long rounds = START_WITHIN.dividedBy(LOOK_EVERY);
          rounds > 0 && process.alive();
          rounds--) {
        Matcher matcher = READY.matcher(Files.readString(log));
        if (matcher.find()) {
          return new ToxiproxyProcess(
              process, new Toxiproxy(address, Integer.parseInt(matcher.group(1)), address, http));
        }
        Thread.sleep(LOOK_EVERY);
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.kill();
      throw e;
    }
    process.kill();
    throw new IOException(
        "toxiproxy did not start within " + START_WITHIN.toSeconds() + " s; its log: " + log);
  }

  public Toxiproxy server() {
    return server;
  }

  @Override
  public void close() {
    process.stop(STOP_WITHIN);
  }
}
