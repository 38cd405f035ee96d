package io.refmesh.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

final class ClusterChoiceTest {

  @Command(name = "e2e")
  private static final class Line {
    @Mixin private final ClusterChoice choice = new ClusterChoice();
  }

  private static boolean chosen(Optional<String> option, String variable, String... arguments)
      throws BadSettingException {
    Line line = new Line();
    new CommandLine(line).parseArgs(arguments);
    return line.choice.chosen(option, variable.isEmpty() ? Map.of() : Map.of("MESH_ENV", variable));
  }

  @Test
  void processesOfThisMachineAreTheDefault() throws Exception {
    assertThat(chosen(Optional.empty(), "")).isFalse();
    assertThat(chosen(Optional.empty(), "local")).isFalse();
    assertThat(chosen(Optional.of("local"), "kind")).isFalse();
    assertThat(chosen(Optional.empty(), "in-cluster")).isFalse();
  }

  @Test
  void aClusterIsChosenByOptionVariableOrByNamingOne() throws Exception {
    assertThat(chosen(Optional.of("kind"), "")).isTrue();
    assertThat(chosen(Optional.of("kind"), "local")).isTrue();
    assertThat(chosen(Optional.empty(), "kind", "--nodes", "2")).isTrue();
    assertThat(chosen(Optional.empty(), "", "--cluster", "dev")).isTrue();
    assertThat(chosen(Optional.empty(), "", "--kubeconfig", "file")).isTrue();
  }

  @Test
  void anEnvironmentThatThereIsNotIsRefusedWithItsSetting() {
    assertThatThrownBy(() -> chosen(Optional.empty(), "minikube"))
        .isInstanceOf(BadSettingException.class)
        .hasMessage("MESH_ENV: minikube (expected: kind or local)");
    assertThatThrownBy(() -> chosen(Optional.of("k3s"), "kind"))
        .hasMessage("--environment: k3s (expected: kind or local)");
    assertThat(Failures.code(new BadSettingException("a", "b", "c"))).isEqualTo(64);
  }

  @Test
  void optionsThatContradictEachOtherAreRefused() {
    assertThatThrownBy(() -> chosen(Optional.empty(), "local", "--cluster", "dev"))
        .hasMessageContaining("MESH_ENV: local (expected: kind");
    assertThatThrownBy(
            () -> chosen(Optional.of("kind"), "", "--cluster", "dev", "--kubeconfig", "file"))
        .hasMessageContaining("--kubeconfig: file (expected: not together with --cluster)");
    assertThatThrownBy(() -> chosen(Optional.of("kind"), "", "--cluster", "dev", "--nodes", "2"))
        .hasMessageContaining("--nodes: 2");
    assertThatThrownBy(() -> chosen(Optional.of("kind"), "", "--nodes", "0"))
        .hasMessage("--nodes: 0 (expected: 1 to 3)");
  }
}
