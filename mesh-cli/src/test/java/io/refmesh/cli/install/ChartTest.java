package io.refmesh.cli.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The chart by Helm itself, beside what {@code mesh install} prints. */
@Tag("chart")
final class ChartTest {

  private static final Path HOME = Path.of("..");
  private static final String CHART = "../kind-config";

  private record Said(int code, String text) {}

  @Test
  void helmFindsNothingWrong() throws Exception {
    Said said = helm("lint", "--strict", CHART);
    assertThat(said.code()).as(said.text()).isZero();
  }

  @Test
  void helmFindsAChartWithoutAVersionWrong(@org.junit.jupiter.api.io.TempDir Path folder)
      throws Exception {
    Files.writeString(folder.resolve("Chart.yaml"), "apiVersion: v2\nname: refmesh\n");
    assertThat(helm("lint", "--strict", folder.toString()).code()).isNotZero();
  }

  @Test
  void rendersTheVeryObjectsOfAnInstallation() throws Exception {
    Manifests manifests = Manifests.of(HOME);
    assertSame(rendered(), manifests.objects(manifests.defaults(), Manifests.Part.ALL));
  }

  @Test
  void andWithOtherValues() throws Exception {
    Manifests manifests = Manifests.of(HOME);
    Values values =
        manifests
            .defaults()
            .with("--set", "replicas", "3")
            .with("--set", "highAvailability", "true")
            .with("--set", "trustDomain", "example.org")
            .with("--set", "webhook.injectFailurePolicy", "Fail");
    assertSame(
        rendered(
            "--set",
            "replicas=3,highAvailability=true,trustDomain=example.org,"
                + "webhook.injectFailurePolicy=Fail"),
        manifests.objects(values, Manifests.Part.ALL));
  }

  private static void assertSame(List<JsonNode> chart, List<JsonNode> ours) {
    Comparator<JsonNode> order = Comparator.comparing(ChartTest::name);
    assertThat(chart.stream().sorted(order).toList())
        .isEqualTo(ours.stream().sorted(order).toList());
  }

  private static String name(JsonNode object) {
    return object.path("kind").asString() + " " + object.path("metadata").path("name").asString();
  }

  private static List<JsonNode> rendered(String... options) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of("template", "refmesh", CHART, "--include-crds", "--kube-version", "1.34.0"));
    arguments.addAll(List.of(options));
    Said said = helm(arguments.toArray(String[]::new));
    assertThat(said.code()).as(said.text()).isZero();
    YAMLMapper yaml = YAMLMapper.shared();
    try (MappingIterator<JsonNode> documents =
        yaml.readerFor(JsonNode.class).readValues(said.text())) {
      return documents.readAll().stream().filter(JsonNode::isObject).toList();
    }
  }

  private static Said helm(String... arguments) throws IOException, InterruptedException {
    assumeTrue(
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "helm"))),
        "helm is not on the PATH; install Helm 3 or 4 to run this");
    List<String> command = new ArrayList<>(List.of("helm"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Said(process.waitFor(), text);
  }
}
