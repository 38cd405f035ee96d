package io.refmesh.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class QuietMachineTest {

  @Test
  void saysWhyNothingInSecondsCanBeToldOfIt() {
    assertThat(QuietMachine.busy(3.9, 2)).isEmpty();
    assertThat(QuietMachine.busy(13.04, 2))
        .contains("the machine is busy: load 13.0 on 2 CPUs (expected: at most 4)");
    assertThat(QuietMachine.busy(-1, 2)).as("no load average here").isEmpty();
  }
}
