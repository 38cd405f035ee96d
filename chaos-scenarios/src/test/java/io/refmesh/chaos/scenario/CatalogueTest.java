package io.refmesh.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

final class CatalogueTest {

  static final List<String> NAMES = Catalogue.NAMES;

  @ParameterizedTest
  @FieldSource("NAMES")
  void everyScenarioCanBeReadAndHasAControlThatMustBeNoticed(String name) throws Exception {
    Scenario scenario = Catalogue.load(name);
    assertThat(scenario.name()).isEqualTo(name);
    assertThat(scenario.story()).isNotBlank();
    assertThat(scenario.controls()).isNotEmpty();
    for (Act act : scenario.acts()) {
      assertThat(act.expectations()).as(act.name()).isNotEmpty();
    }
    assertThat(Catalogue.topology(scenario.group()).name()).isEqualTo(scenario.group());
  }

  @Test
  void theWindowsOfAllScenariosTogetherLeaveRoomInEightMinutes() throws Exception {
    long seconds = 0;
    for (String name : NAMES) {
      for (Act act : Catalogue.load(name).acts()) {
        seconds += act.windows().total().toSeconds();
      }
    }
    // The rest is for starting meshes and load generators, warming up, restarts and recoveries.
    assertThat(seconds).isLessThan(300);
  }

  @Test
  void aSelectionRunsInTheOrderOfTheCatalogue() throws Exception {
    assertThat(Catalogue.select(List.of("leaf-rotation", "slow-backend")))
        .extracting(Scenario::name)
        .containsExactly("slow-backend", "leaf-rotation");
    assertThat(Catalogue.select(List.of())).hasSize(NAMES.size());
  }

  @Test
  void aFileOfTheUsersRunsAsWell(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("mine.yaml");
    Files.writeString(file, ScenarioTexts.minimal());
    assertThat(Catalogue.select(List.of(file.toString())))
        .extracting(Scenario::name)
        .containsExactly("mine");
  }

  @Test
  void anUnknownNameIsRefusedWithThoseThatThereAre() {
    assertThatThrownBy(() -> Catalogue.select(List.of("slow-backend", "slow-frontend")))
        .isInstanceOf(BadScenarioException.class)
        .hasMessageStartingWith(
            "scenario slow-frontend: not in the catalogue (expected: one of policy-denies, ");
    assertThatThrownBy(() -> Catalogue.select(List.of("nowhere.yaml")))
        .isInstanceOf(BadScenarioException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void anUnknownGroupIsRefused() {
    assertThatThrownBy(() -> Catalogue.topology("../default"))
        .isInstanceOf(BadScenarioException.class);
    assertThatThrownBy(() -> Catalogue.topology("elsewhere"))
        .isInstanceOf(BadScenarioException.class)
        .hasMessageContaining("elsewhere");
  }

  @Test
  void theGroupsChangeTheShopAsTheScenariosNeedIt() throws BadScenarioException, IOException {
    assertThat(Catalogue.topology("default").replicas()).containsEntry("catalog-v1", 3);
    assertThat(Catalogue.topology("rotation").resources())
        .extracting(MeshResource::key)
        .containsExactly("MeshConfig/refmesh-system/mesh");
  }
}
