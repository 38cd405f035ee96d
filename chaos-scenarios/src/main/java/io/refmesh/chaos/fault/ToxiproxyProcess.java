package io.refmesh.chaos.fault;

import eu.rekawek.toxiproxy.Proxy;
import eu.rekawek.toxiproxy.ToxiproxyClient;
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
  private static final Pattern READY =
      Pattern.compile("Toxiproxy control API on (127\\.0\\.0\\.1):([0-9]+)");
  private static final Duration START_WITHIN = Duration.ofSeconds(20);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(5);

  private final ManagedProcess process;
  private final String url;
  private final ToxiproxyClient client;
  private final HttpJson http;

  private ToxiproxyProcess(ManagedProcess process, String host, int port, HttpJson http) {
    this.process = process;
    this.url = "http://" + host + ":" + port;
    this.client = new ToxiproxyClient(host, port);
    this.http = http;
  }

  /** Starts the server and waits until it listens. */
  public static ToxiproxyProcess start(
      RefmeshHome home, long seed, Path directory, Path log, ProcessTable table, HttpJson http)
      throws IOException, InterruptedException {
    List<String> command =
        home.command(
            "toxiproxy-server",
            JVM,
            "-host",
            "127.0.0.1",
            "-port",
            "0",
            "-seed",
            Long.toString(seed));
    ManagedProcess process =
        ManagedProcess.start("toxiproxy", "toxiproxy", command, Map.of(), directory, log, table);
    try {
      for (long rounds = START_WITHIN.dividedBy(LOOK_EVERY);
          rounds > 0 && process.alive();
          rounds--) {
        Matcher matcher = READY.matcher(Files.readString(log));
        if (matcher.find()) {
          return new ToxiproxyProcess(
              process, matcher.group(1), Integer.parseInt(matcher.group(2)), http);
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

  /** A proxy in front of {@code upstream}, listening on a free port of 127.0.0.1. */
  Proxy proxy(String name, String upstream) throws IOException {
    return client.createProxy(name, "127.0.0.1:0", upstream);
  }

  /**
   * A toxic for the connections that are open now; new ones are clean. Toxiproxy has no such thing,
   * so this is asked for under a path of Refmesh's own.
   */
  void poisonExisting(
      String proxy, String name, String type, String stream, Map<String, Long> attributes)
      throws IOException, InterruptedException {
    http.send(
        "POST",
        url + "/refmesh/proxies/" + proxy + "/toxics",
        Map.of(
            "name",
            name,
            "type",
            type,
            "stream",
            stream,
            "attributes",
            attributes,
            "links",
            "existing"));
  }

  void healExisting(String proxy, String name) throws IOException, InterruptedException {
    http.send("DELETE", url + "/refmesh/proxies/" + proxy + "/toxics/" + name, "");
  }

  void poison(String proxy, String name, String type, String stream, Map<String, Long> attributes)
      throws IOException, InterruptedException {
    // The client offers a method per type; the types of a scenario are data, so the request is sent
    // as data, too.
    http.send(
        "POST",
        url + "/proxies/" + proxy + "/toxics",
        Map.of("name", name, "type", type, "stream", stream, "attributes", attributes));
  }

  void heal(String proxy, String name) throws IOException {
    client.getProxy(proxy).toxics().get(name).remove();
  }

  @Override
  public void close() {
    process.stop(STOP_WITHIN);
  }
}
