package io.refmesh.load.bench;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Two proxies of one kind: client → A → mutual TLS → B → backend. {@code direct} is none at all.
 *
 * @param startMillis from the launch of both to the first answer; 0 for {@code direct}
 */
record Pair(String peer, int portA, int portB, List<Started> sides, double startMillis) {

  private static final Pattern SIDE = Pattern.compile("^([AB]) (\\d+)$", Pattern.MULTILINE);
  private static final int UNSUPPORTED = 3;
  private static final long START_WITHIN_MILLIS = 30_000;
  private static final long PROBE_MILLIS = 10;

  /** What one run has in common. */
  record Place(Path scripts, Path work, Certificates certificates, Backend backend) {}

  static Pair direct(Backend backend, Workload.Protocol protocol) {
    int port = protocol == Workload.Protocol.H1 ? backend.http1() : backend.http2();
    return new Pair("direct", port, 0, List.of(), 0);
  }

  /**
   * @param peer the name of a script, {@code NAME-VARIANT} of one, or {@code NAME@2} for a second
   *     copy
   * @return empty when the peer has no such combination
   */
  static Optional<Pair> start(Place place, String peer, int port, Workload.Protocol protocol)
      throws IOException, InterruptedException {
    String[] name = peer.replaceFirst("@.*", "").split("-", 2);
    Path run =
        Files.createDirectories(place.work().resolve(peer + "-" + protocol.text() + "-" + port));
    Path out = run.resolve("pair.out");
    ProcessBuilder script =
        new ProcessBuilder(place.scripts().resolve(name[0] + "-pair").toString())
            .redirectInput(new File("/dev/null"))
            .redirectOutput(out.toFile())
            .redirectError(run.resolve("pair.err").toFile());
    script
        .environment()
        .putAll(
            Map.of(
                "BENCH_PROTO", protocol.text(),
                "BENCH_VARIANT", name.length > 1 ? name[1] : "",
                "BENCH_REUSE", "1",
                "A_PORT", Integer.toString(port),
                "B_PORT", Integer.toString(port + 1),
                "BACKEND_H1", Integer.toString(place.backend().http1()),
                "BACKEND_H2", Integer.toString(place.backend().http2()),
                "CERTS", place.certificates().folder().toString(),
                "RUN", run.toString(),
                "THREADS", "1"));
    Tools.find("envoy").ifPresent(envoy -> script.environment().put("ENVOY_BIN", envoy.toString()));
    long begin = System.nanoTime();
    int status = script.start().waitFor();
    if (status == UNSUPPORTED) {
      return Optional.empty();
    }
    Started[] sides = new Started[2];
    Matcher matcher = SIDE.matcher(Files.readString(out));
    while (matcher.find()) {
      ProcessHandle handle =
          ProcessHandle.of(Long.parseLong(matcher.group(2)))
              .orElseThrow(() -> new IOException(peer + " ended at once; see " + run));
      sides[matcher.group(1).charAt(0) - 'A'] = new Started(peer + "/" + matcher.group(1), handle);
    }
    if (status != 0 || sides[0] == null || sides[1] == null) {
      throw new IOException(peer + " could not be started; see " + run);
    }
    Pair pair = new Pair(peer, port, port + 1, List.of(sides), 0);
    while (!answers(port, protocol)) {
      double millis = (System.nanoTime() - begin) / 1e6;
      if (millis > START_WITHIN_MILLIS || !sides[0].alive() || !sides[1].alive()) {
        pair.stop();
        throw new IOException(peer + " does not answer; see " + run);
      }
      Thread.sleep(PROBE_MILLIS);
    }
    return Optional.of(
        new Pair(peer, port, port + 1, pair.sides(), (System.nanoTime() - begin) / 1e6));
  }

  double[] cpuMicros() {
    return sides.stream().mapToDouble(Started::cpuMicros).toArray();
  }

  void stop() {
    sides.reversed().forEach(Started::stop);
  }

  /** One request with a short patience: an early probe must not hold up the next. */
  private static boolean answers(int port, Workload.Protocol protocol) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("127.0.0.1", port), 500);
      socket.setSoTimeout(500);
      if (protocol != Workload.Protocol.H1) {
        return Http2Probe.answers(socket);
      }
      socket
          .getOutputStream()
          .write(
              "GET /small HTTP/1.1\r\nHost: app.bench.local\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      byte[] head = socket.getInputStream().readNBytes("HTTP/1.1 200".length());
      return new String(head, StandardCharsets.US_ASCII).equals("HTTP/1.1 200");
    } catch (IOException e) {
      return false;
    }
  }
}
