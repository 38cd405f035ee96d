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
import java.util.Optional;
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
@Timeout(200)
final class AddedLatencyTest {

  private static final double P50_MILLIS_MOST = 1;
  private static final double P99_MILLIS_MOST = 5;

  private static final int ROUNDS = 3;
  private static final int SECONDS = 5;

  /** Until then the compilers of five JVMs share the machine with them. */
  private static final int WARM_UP_SECONDS = 20;

  private static final int WARM_UP_RATE = 2_000;

  @TempDir private Path folder;

  /** Milliseconds. */
  private record Latency(double p50, double p99) {}

  @ParameterizedTest
  @ValueSource(ints = {200, 2_000})
  @Acceptance(174)
  void aPairAddsAMillisecondAtTheMedianAndFiveAtThe99thPercentileAtMost(
      int rate, TestReporter reporter) throws Exception {
    Optional<String> busy = QuietMachine.busy();
    assumeTrue(busy.isEmpty(), busy.orElse(""));
    Path generator = RealMesh.jar("load-tests");
    try (RealMesh mesh = RealMesh.start(folder, "")) {
      String direct = "http://" + mesh.instance("shop/cart-0").application() + ":8080/";
      String meshed = mesh.url(RealMesh.WEB, "shop/cart");
      // A cold sidecar may not keep up with the rate; what counts is that it has been at it.
      send(generator, direct, WARM_UP_RATE, SECONDS);
      send(generator, meshed, WARM_UP_RATE, WARM_UP_SECONDS);

      List<Double> p50 = new ArrayList<>();
      List<Double> p99 = new ArrayList<>();
      for (int round = 0; round < ROUNDS; round++) {
        Latency without = measure(generator, direct, rate, SECONDS);
        Latency with = measure(generator, meshed, rate, SECONDS);
        reporter.publishEntry(
            Map.of("rate", rate + "/s", "direct", without.toString(), "meshed", with.toString()));
        p50.add(with.p50() - without.p50());
        p99.add(with.p99() - without.p99());
      }

      assertThat(median(p50)).as("p50 added, ms, of %s", p50).isLessThan(P50_MILLIS_MOST);
      assertThat(median(p99)).as("p99 added, ms, of %s", p99).isLessThan(P99_MILLIS_MOST);
    }
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  private Latency measure(Path generator, String url, int rate, int seconds) throws Exception {
    String[] fields = send(generator, url, rate, seconds).split(" ");
    assertThat(Integer.parseInt(fields[1])).as("errors of %s", url).isZero();
    assertThat(Integer.parseInt(fields[0])).as("requests to %s", url).isEqualTo(rate * seconds);
    return new Latency(Double.parseDouble(fields[2]), Double.parseDouble(fields[3]));
  }

  /** What RateMain prints; a process of its own, so that nothing of the test is in the figures. */
  private String send(Path generator, String url, int rate, int seconds) throws Exception {
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
