package io.refmesh.proxy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * A sidecar as a process of its own, with the launch settings of the product, and what Linux says
 * of it in {@code /proc}.
 */
final class ProxyProcess implements AutoCloseable {

  /** Ticks of {@code /proc/PID/stat} are hundredths of a second on every Linux of today. */
  private static final Duration TICK = Duration.ofMillis(10);

  private static final int UTIME = 11;
  private static final int STIME = 12;
  private static final int READY_LOOKS_MAX = 3_000;

  private final Process process;
  private final Path log;

  private ProxyProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Starts it and waits until it is ready.
   *
   * @param profile standard or small
   * @param environment all its settings, {@code REFMESH_ADMIN} with a port among them
   */
  static ProxyProcess start(String profile, Map<String, String> environment, Path log)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + Path.of("launch", profile + ".options"),
                "-cp",
                System.getProperty("java.class.path"),
                ProxyMain.class.getName()));
    ProxyProcess started = new ProxyProcess(Program.start(log, command, environment), log);
    String ready = "http://" + environment.get("REFMESH_ADMIN") + "/ready";
    try (HttpClient client = HttpClient.newHttpClient()) {
      for (int look = 0; !answers(client, ready); look++) {
        if (look == READY_LOOKS_MAX || !started.process.isAlive()) {
          started.close();
          throw new AssertionError("the sidecar is not ready: " + Files.readString(log));
        }
        LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
      }
    }
    return started;
  }

  private static boolean answers(HttpClient client, String url) {
    try {
      return client
              .send(
                  HttpRequest.newBuilder(URI.create(url)).build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Resident memory, MiB. */
  double rssMiB() {
    String status = read("status");
    String line = status.lines().filter(one -> one.startsWith("VmRSS:")).findFirst().orElseThrow();
    return Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024;
  }

  /** User and system time so far. */
  Duration cpu() {
    String stat = read("stat");
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return TICK.multipliedBy(Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME]));
  }

  /** What it said. */
  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String read(String file) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), file));
    } catch (IOException e) {
      throw new AssertionError("the sidecar ended: " + log(), e);
    }
  }

  @Override
  public void close() {
    Program.stop(process);
  }
}
