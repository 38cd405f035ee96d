package io.refmesh.chaos.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.chaos.verdict.RunVerdict;
import io.refmesh.testkit.Golden;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportsTest {

  private static final Path GOLDEN = Path.of("src/test/resources/golden/report");

  @TempDir Path folder;

  @Test
  void writesTheVerdictAsJson() throws IOException {
    Reports.write(folder, SampleRun.verdict());

    Golden.assertMatches(
        GOLDEN.resolve("verdict.json"), Files.readString(folder.resolve("verdict.json")));
  }

  @Test
  void keepsTheShapeThatProgramsReadInTheJson() throws IOException {
    Reports.write(folder, SampleRun.verdict());

    JsonNode root = JsonMapper.shared().readTree(Files.readString(folder.resolve("verdict.json")));
    assertThat(root.get("environment").asString()).isEqualTo("local");
    assertThat(root.get("seed").asLong()).isEqualTo(7_319_024_411L);
    JsonNode flaky = root.get("scenarios").get(2);
    assertThat(flaky.get("name").asString()).isEqualTo("flaky-backend");
    assertThat(flaky.get("result").asString()).isEqualTo("failed");
    assertThat(flaky.get("reason").asString())
        .isEqualTo("success failed; control retry-posts missed");
    assertThat(flaky.get("expectations").get(0).propertyNames())
        .contains("id", "result", "observed", "expected");
    assertThat(flaky.get("negativeControls").get(1).propertyNames())
        .contains("name", "result", "by");
    assertThat(flaky.get("negativeControls").get(0).get("result").asString()).isEqualTo("caught");
    assertThat(flaky.get("negativeControls").get(1).get("result").asString()).isEqualTo("missed");
    assertThat(Stream.of(4, 5).map(i -> root.get("scenarios").get(i).get("result").asString()))
        .containsExactly("aborted", "skipped");
  }

  @Test
  void writesResultsForBuildServers() throws IOException {
    Reports.write(folder, SampleRun.verdict());

    Golden.assertMatches(
        GOLDEN.resolve("junit.xml"), Files.readString(folder.resolve("junit.xml")));
  }

  @Test
  void countsInTheJunitSuitesWhatIsInThem() throws Exception {
    Reports.write(folder, SampleRun.verdict());

    Element root =
        DocumentBuilderFactory.newDefaultInstance()
            .newDocumentBuilder()
            .parse(folder.resolve("junit.xml").toFile())
            .getDocumentElement();
    for (String[] kind :
        new String[][] {
          {"tests", "testcase"},
          {"failures", "failure"},
          {"errors", "error"},
          {"skipped", "skipped"}
        }) {
      assertThat(root.getElementsByTagName(kind[1]).getLength())
          .as(kind[0])
          .isEqualTo(Integer.parseInt(root.getAttribute(kind[0])));
    }
    assertThat(root.getElementsByTagName("testsuite").getLength()).isEqualTo(7);
  }

  @Test
  void printsATableOfTheVerdicts() {
    StringWriter text = new StringWriter();
    Reports.table(SampleRun.verdict(), new PrintWriter(text));

    Golden.assertMatches(GOLDEN.resolve("table.txt"), text.toString());
  }

  @Test
  void replacesAnOlderReportAndLeavesNothingBeside() throws IOException {
    Files.writeString(folder.resolve("verdict.json"), "old");

    Reports.write(folder, SampleRun.verdict());

    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("verdict.json", "junit.xml", "report.html");
    }
    assertThat(folder.resolve("verdict.json")).content().startsWith("{");
  }

  @Test
  void makesTheFolder() throws IOException {
    Reports.write(folder.resolve("a/b"), SampleRun.verdict());

    assertThat(folder.resolve("a/b/report.html")).exists();
  }

  @Test
  void saysWhichFileCouldNotBeWrittenAndWhy() throws IOException {
    Path file = Files.writeString(folder.resolve("occupied"), "");

    assertThatThrownBy(() -> Reports.write(file, SampleRun.verdict()))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("cannot write " + file.resolve("verdict.json") + ": ")
        .hasMessageContaining("expected a writable folder with free space");
  }

  @Test
  void leavesTheOlderFileWhenTheNewOneCannotTakeItsPlace() throws IOException {
    Path taken = Files.createDirectories(folder.resolve("verdict.json/inside"));

    assertThatThrownBy(() -> Reports.write(folder, SampleRun.verdict()))
        .isInstanceOf(IOException.class);

    assertThat(taken).exists();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(folder.resolve("verdict.json"));
    }
  }

  @Test
  void reportsARunWithoutScenarios() throws IOException {
    RunVerdict sample = SampleRun.verdict();
    RunVerdict none =
        new RunVerdict(
            sample.environment(),
            Map.of(),
            1,
            sample.started(),
            0,
            sample.replay(),
            java.util.List.of());

    Reports.write(folder, none);

    assertThat(folder.resolve("report.html")).content().contains("No scenario ran.");
  }
}
