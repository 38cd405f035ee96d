package io.refmesh.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.testkit.Golden;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ScenarioReaderTest {

  private static final Path GOLDEN = Path.of("src/test/resources/golden/scenario");

  @Test
  void readsEveryPart() throws BadScenarioException {
    Scenario scenario = ScenarioReader.read("mine.yaml", ScenarioTexts.minimal());
    assertThat(scenario.group()).isEqualTo("default");
    assertThat(scenario.hops().getFirst())
        .isEqualTo(
            new Hop(
                "wire",
                Hop.Kind.TOXIPROXY,
                "pricing",
                "pricing",
                0,
                8080,
                java.util.Optional.empty()));
    assertThat(scenario.load().getFirst().ratePerSecond()).isEqualTo(80);
    assertThat(scenario.windows().total()).isEqualTo(Duration.ofMillis(7_200));
    assertThat(scenario.policies().getFirst().key()).isEqualTo("ResiliencePolicy/shop/pricing");
    FaultPlan flaky = scenario.faults().get(1);
    assertThat(flaky.at()).isEqualTo(Duration.ofSeconds(1));
    assertThat(flaky.lasting()).contains(Duration.ofSeconds(2));
    assertThat(flaky.action()).isInstanceOf(FaultPlan.Behaviour.class);
    assertThat(scenario.expectations().getFirst().tolerance())
        .contains(
            new Expectation.Share(
                "client.browse.successRate", "client.browse.requests", true, 0.99));
  }

  @Test
  void aFaultWithoutTimeToLiveEndsSoonAfterItsWindow() throws BadScenarioException {
    Scenario scenario = ScenarioReader.read("mine.yaml", ScenarioTexts.minimal());
    assertThat(scenario.faults().getFirst().ttl()).isEqualTo(Duration.ofMillis(34_200));
  }

  @Test
  void aControlChangesTheScenarioObjectByObjectAndFaultByFault() throws BadScenarioException {
    List<Act> acts = ScenarioReader.read("mine.yaml", ScenarioTexts.minimal()).acts();
    assertThat(acts).extracting(Act::name).containsExactly("real", "no-timeout");
    Act control = acts.getLast();
    assertThat(control.policies()).hasSize(1);
    assertThat(control.policies().getFirst().json()).contains("0s");
    assertThat(control.faults()).extracting(FaultPlan::id).containsExactly("slow", "flaky");
    assertThat(((FaultPlan.Toxic) control.faults().getFirst().action()).attributes())
        .containsEntry("latency", 900L);
    assertThat(control.windows().during()).isEqualTo(Duration.ofSeconds(2));
    assertThat(control.windows().before()).isEqualTo(Duration.ofSeconds(1));
    assertThat(control.expectations()).extracting(Expectation::id).containsExactly("fine");
  }

  @Test
  void refusesMistakesWithTheirPlaceAndWhatWasExpected() throws Exception {
    String mistakes;
    try {
      ScenarioReader.read("broken.yaml", Files.readString(GOLDEN.resolve("broken.yaml")));
      mistakes = "none";
    } catch (BadScenarioException e) {
      mistakes = e.getMessage() + "\n";
    }
    Golden.assertMatches(GOLDEN.resolve("broken.txt"), mistakes);
  }

  @Test
  void refusesAScenarioWithoutNegativeControl() {
    String text = ScenarioTexts.minimal();
    assertThatThrownBy(() ->
            ScenarioReader.read("mine.yaml", text.substring(0, text.indexOf("negativeControls:"))))
        .hasMessageContaining(
            "negativeControls: missing (expected: at least one way to break the mesh");
  }

  @Test
  void saysWhereAFileIsNoYaml() {
    assertThatThrownBy(() -> ScenarioReader.read("mine.yaml", "kind: [Scenario\nmetadata: {"))
        .hasMessageStartingWith("mine.yaml:2:")
        .hasMessageContaining("not YAML");
    assertThatThrownBy(() -> ScenarioReader.read("mine.yaml", ""))
        .hasMessage("mine.yaml:1:1: nothing (expected: one document)");
    assertThatThrownBy(() -> ScenarioReader.read("mine.yaml", "a: 1\n---\nb: 2\n"))
        .hasMessage("mine.yaml:1:1: several documents (expected: one document)");
  }
}
