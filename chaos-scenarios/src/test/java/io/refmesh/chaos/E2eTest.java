package io.refmesh.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.RunVerdict;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class E2eTest {

  @TempDir private Path folder;

  @BeforeEach
  void setHome() {
    System.setProperty("refmesh.home", folder.toString());
  }

  @AfterEach
  void clearHome() {
    System.clearProperty("refmesh.home");
  }

  @Test
  void theExitCodeTellsHowItEnded() {
    assertThat(E2e.code(run(Result.PASSED, Result.PASSED))).isEqualTo(0);
    assertThat(E2e.code(run(Result.PASSED, Result.SKIPPED))).isEqualTo(0);
    assertThat(E2e.code(run(Result.PASSED, Result.FAILED, Result.ABORTED))).isEqualTo(1);
    assertThat(E2e.code(run(Result.PASSED, Result.ABORTED))).isEqualTo(3);
    assertThat(E2e.code(run(Result.SKIPPED))).isEqualTo(4);
  }

  @Test
  void anUnknownScenarioIsABadScenario() throws Exception {
    assertThat(run("no-such"))
        .startsWith("2: scenario no-such: not in the catalogue (expected: one of ");
  }

  @Test
  void aCheckoutThatIsNotBuiltLacksSomething() throws Exception {
    assertThat(run("slow-backend")).startsWith("4: ").contains("run `make build`");
  }

  private String run(String scenario) throws IOException, InterruptedException {
    StringWriter out = new StringWriter();
    E2eOptions options =
        new E2eOptions(
            RefmeshHome.current(), List.of(scenario), Optional.of(1L), folder.resolve("out"));
    int code = E2e.run(options, new PrintWriter(out));
    assertThat(folder.resolve("out")).doesNotExist();
    return code + ": " + out;
  }

  private static RunVerdict run(Result... results) {
    return new RunVerdict(
        "local",
        Map.of(),
        1,
        Instant.EPOCH,
        0,
        "",
        Arrays.stream(results)
            .map(result ->
                new ScenarioVerdict(
                    "a", "", "", result, "", 0, List.of(), List.of(), Timeline.EMPTY))
            .toList());
  }
}
