package io.refmesh.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PodLinesTest {

  private final List<String> told = new ArrayList<>();
  private final PodLines lines = new PodLines(told::add);

  @Test
  void aLineThatComesAgainAfterABrokenConnectionIsToldOnce() {
    lines.line("2026-01-01T00:00:00.000000001Z one");
    lines.line("2026-01-01T00:00:00.000000002Z two words");
    assertThat(lines.last()).isEqualTo("2026-01-01T00:00:00.000000002Z");

    lines.line("2026-01-01T00:00:00.000000002Z two words");
    lines.line("2026-01-01T00:00:00.000000003Z ");

    assertThat(told).containsExactly("one", "two words", "");
  }

  @Test
  void whatTheApiServerSaysItselfIsToldAsItIs() {
    lines.line("unable to retrieve container logs");
    assertThat(told).containsExactly("unable to retrieve container logs");
  }
}
