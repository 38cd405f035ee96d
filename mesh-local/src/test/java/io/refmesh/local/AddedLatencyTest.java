package io.refmesh.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.refmesh.testkit.QuietMachine;
import io.refmesh.testkit.acceptance.Acceptance;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What two sidecars add to the latency of calls, against the same calls past them, in a mesh of
 * real processes. The short proof; {@code make bench} measures it beside other proxies.
 */
@Tag("load")
@Timeout(400)
final class AddedLatencyTest {

  private static final double P50_MILLIS_MOST = 1;
  private static final double P99_MILLIS_MOST = 5;

  private static final int ROUNDS = 3;
  private static final int SECONDS = 10;

  /**
   * A sidecar's compilers are at work for a minute; until then three of them share the machine with
   * what is measured.
   */
  private static final int WARM_UP_SECONDS = 60;

  private static final int WARM_UP_RATE = 2_000;

  @TempDir private static Path folder;

  private static Path generator = Path.of("");
  private static @Nullable RealMesh mesh;

  /** Milliseconds. */
  private record Latency(double p50, double p99) {}

  @BeforeAll
  static void start() throws Exception {
    Optional<String> busy = QuietMachine.busy();
    assumeTrue(busy.isEmpty(), busy.orElse(""));
    generator = RealMesh.jar("load-tests");
    mesh = RealMesh.start(folder, "");
    // A cold sidecar may not keep up with the rate; what counts is that it has been at it.
    send(direct(mesh), WARM_UP_RATE, SECONDS);
    send(meshed(mesh), WARM_UP_RATE, WARM_UP_SECONDS);
  }

  @AfterAll
  static void stop() throws Exception {
    if (mesh != null) {
      mesh.close();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 2_000})
  @Acceptance(174)
  void aPairAddsAMillisecondAtTheMedianAndFiveAtThe99thPercentileAtMost(
      int rate, TestReporter reporter) throws Exception {
    RealMesh measured = Objects.requireNonNull(mesh);
    List<Double> p50 = new ArrayList<>();
    List<Double> p99 = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      Latency without = measure(direct(measured), rate);
      Latency with = measure(meshed(measured), rate);
      reporter.publishEntry(
          Map.of("rate", rate + "/s", "direct", without.toString(), "meshed", with.toString()));
      p50.add(with.p50() - without.p50());
      p99.add(with.p99() - without.p99());
    }
    assertThat(median(p50)).as("p50 added, ms, of %s", p50).isLessThan(P50_MILLIS_MOST);
    assertThat(median(p99)).as("p99 added, ms, of %s", p99).isLessThan(P99_MILLIS_MOST);
  }

  private static String direct(RealMesh mesh) {
    return "http://" + mesh.instance("shop/cart-0").application() + ":8080/";
  }

  private static String meshed(RealMesh mesh) {
    return mesh.url(RealMesh.WEB, "shop/cart");
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  private static Latency measure(String url, int rate) throws Exception {
    String[] fields = send(url, rate, SECONDS).split(" ");
    assertThat(Integer.parseInt(fields[1])).as("errors of %s", url).isZero();
    assertThat(Integer.parseInt(fields[0])).as("requests to %s", url).isEqualTo(rate * SECONDS);
    return new Latency(Double.parseDouble(fields[2]), Double.parseDouble(fields[3]));
  }

  /** What RateMain prints; a process of its own, so that nothing of the test is in the figures. */
  private static String send(String url, int rate, int seconds) throws Exception {
    URI uri = URI.create(url);
    Path out = folder.resolve("rate.out");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "-cp",
                generator.toString(),
                "io.refmesh.load.bench.RateMain",
                uri.getHost(),
                Integer.toString(uri.getPort()),
                Integer.toString(rate),
                Integer.toString(seconds))
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    int status = process.waitFor();
    String line = Files.readString(out, StandardCharsets.UTF_8).strip();
    assertThat(status).as(line).isZero();
    return line;
  }
}
