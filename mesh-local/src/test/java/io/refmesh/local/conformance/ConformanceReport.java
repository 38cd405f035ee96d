package io.refmesh.local.conformance;

import io.refmesh.local.conformance.Suite.MeshTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;

/** What became of the tests, in the shape of the report of Gateway API's suite. */
final class ConformanceReport {

  /** The version whose mesh tests these follow. */
  private static final String GATEWAY_API = "v1.6.3";

  private final Map<MeshTest, Boolean> results =
      new TreeMap<>(Comparator.comparing(MeshTest::name));

  void record(MeshTest test, boolean passed) {
    results.put(test, passed);
  }

  /**
   * @param mode of the mesh, such as local
   */
  void write(Path file, String mode, Instant now) throws IOException {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("apiVersion", "gateway.networking.k8s.io/v1");
    report.put("date", now.truncatedTo(ChronoUnit.SECONDS).toString());
    report.put("gatewayAPIChannel", "standard");
    report.put("gatewayAPIVersion", GATEWAY_API);
    report.put("implementation", Map.of("organization", "refmesh", "project", "refmesh"));
    report.put("kind", "ConformanceReport");
    report.put("mode", mode);
    report.put("profiles", List.of(profile("MESH-GRPC"), profile("MESH-HTTP")));
    List<String> beside = new ArrayList<>();
    results.forEach((test, passed) -> {
      if (!test.counted()) {
        beside.add(test.name() + ": " + (passed ? "success" : "failure"));
      }
    });
    report.put("beside", beside);
    Files.createDirectories(file.getParent());
    Files.writeString(
        file,
        YAMLMapper.builder()
            .disable(YAMLWriteFeature.WRITE_DOC_START_MARKER)
            .enable(YAMLWriteFeature.MINIMIZE_QUOTES)
            .build()
            .writeValueAsString(report));
  }

  private Map<String, Object> profile(String name) {
    List<MeshTest> of =
        results.keySet().stream()
            .filter(test -> test.counted() && test.profile().equals(name))
            .toList();
    List<MeshTest> core = of.stream().filter(test -> test.feature().equals(Suite.CORE)).toList();
    List<MeshTest> extended =
        of.stream().filter(test -> !test.feature().equals(Suite.CORE)).toList();
    Map<String, Object> profile = new LinkedHashMap<>();
    profile.put("core", tally(core));
    if (!extended.isEmpty()) {
      Map<String, Object> tally = tally(extended);
      tally.put(
          "supportedFeatures",
          extended.stream().map(MeshTest::feature).distinct().sorted().toList());
      profile.put("extended", tally);
    }
    profile.put("name", name);
    long failed = of.stream().filter(test -> !passed(test)).count();
    profile.put("summary", failed == 0 ? "All tests succeeded." : failed + " tests failed.");
    return profile;
  }

  private Map<String, Object> tally(List<MeshTest> tests) {
    long passed = tests.stream().filter(this::passed).count();
    Map<String, Object> tally = new LinkedHashMap<>();
    tally.put("result", passed == tests.size() ? "success" : "failure");
    Map<String, Object> statistics = new LinkedHashMap<>();
    statistics.put("Failed", tests.size() - passed);
    statistics.put("Passed", passed);
    statistics.put("Skipped", 0);
    tally.put("statistics", statistics);
    return tally;
  }

  private boolean passed(MeshTest test) {
    return results.getOrDefault(test, false);
  }
}
