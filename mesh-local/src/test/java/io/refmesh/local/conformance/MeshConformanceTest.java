package io.refmesh.local.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.refmesh.local.conformance.Suite.MeshTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The mesh tests of Gateway API against a mesh of processes on this machine: first what the suite
 * of Gateway API compares, then what it leaves out. Not run where the jars are not built.
 */
@Tag("conformance")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(600)
class MeshConformanceTest {

  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  /** As the suite demands: within 30 s three times in a row. */
  private static final int IN_A_ROW = 3;

  private static final long WITHIN_MILLIS = 30_000;
  private static final int CALLS = 500;
  private static final int TRIES = 10;
  private static final int TOLERANCE = 5;

  private final ConformanceReport report = new ConformanceReport();
  private MeshUnderTest mesh;

  static void requireJars() {
    for (String module : List.of("mesh-proxy", "mesh-control")) {
      Path jar = ROOT.resolve(module).resolve("target").resolve(module + ".jar");
      assumeTrue(Files.isRegularFile(jar), jar + " is not there; `make build` makes it");
    }
  }

  static String routes(String name) throws IOException {
    if (name.isEmpty()) {
      return "";
    }
    try (var file =
        MeshConformanceTest.class.getResourceAsStream("/conformance/" + name + ".yaml")) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @BeforeAll
  void start(@TempDir Path scratch) throws Exception {
    requireJars();
    mesh = LocalMeshUnderTest.start(ROOT, scratch);
  }

  @AfterAll
  void stop() throws IOException {
    if (mesh != null) {
      mesh.close();
      report.write(ROOT.resolve("out/conformance/local.yaml"), "local", Instant.now());
    }
  }

  @TestFactory
  Stream<DynamicTest> asTheSuiteOfGatewayApi() {
    return Suite.tests().stream()
        .map(test ->
            DynamicTest.dynamicTest(
                test.name(),
                () -> {
                  report.record(test, false);
                  mesh.apply(routes(test.routes()));
                  for (Probe probe : test.probes()) {
                    eventually(probe, false);
                  }
                  shares(test);
                  report.record(test, true);
                }));
  }

  @TestFactory
  Stream<DynamicTest> withPathAndLocation() {
    return Suite.tests().stream()
        .filter(test -> test.shares().isEmpty() && !test.routes().isEmpty())
        .map(test ->
            DynamicTest.dynamicTest(
                test.name() + ", path and Location",
                () -> {
                  mesh.apply(routes(test.routes()));
                  for (Probe probe : test.probes()) {
                    eventually(probe, true);
                  }
                }));
  }

  private void eventually(Probe probe, boolean strict) {
    long end = System.currentTimeMillis() + WITHIN_MILLIS;
    List<String> wrong = List.of();
    for (int right = 0; right < IN_A_ROW; ) {
      wrong = probe.wrong(mesh, strict);
      right = wrong.isEmpty() ? right + 1 : 0;
      if (System.currentTimeMillis() > end) {
        break;
      }
    }
    assertThat(wrong).as("%s", probe).isEmpty();
  }

  private void shares(MeshTest test) {
    if (test.shares().isEmpty()) {
      return;
    }
    List<Map<String, Integer>> tried = new ArrayList<>();
    for (int attempt = 0; attempt < TRIES; attempt++) {
      Map<String, Integer> count = count(test.probes().getFirst().call());
      tried.add(count);
      if (count.keySet().equals(test.shares().keySet())
          && test.shares().entrySet().stream()
              .allMatch(share ->
                  Math.abs(count.getOrDefault(share.getKey(), 0) * 100.0 / CALLS - share.getValue())
                      <= TOLERANCE)) {
        return;
      }
    }
    assertThat(tried).as("of %d calls, expected in hundredths: %s", CALLS, test.shares()).isEmpty();
  }

  /** How often each backend answered; what was not answered spoils a round, as in the suite. */
  private Map<String, Integer> count(Call call) {
    Map<String, Integer> count = new HashMap<>();
    for (int index = 0; index < CALLS; index++) {
      try {
        count.merge(mesh.call(call).backend(), 1, Integer::sum);
      } catch (IOException e) {
        count.merge(String.valueOf(e.getMessage()), 1, Integer::sum);
      }
    }
    return count;
  }
}
