package io.refmesh.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class OwnerTest {

  private final Owner self = Owner.current();

  @Test
  void isReadFromTheNamesOfWhatItMade() {
    assertThat(Owner.in(self.name())).contains(self);
    assertThat(Owner.in("kindcontainer-reuse-" + self.name())).contains(self);
    assertThat(Owner.in(self.name() + "-control-plane")).contains(self);
    assertThat(Owner.in("refmesh-e2e-mine")).isEmpty();
  }

  @Test
  void isNotGoneWhileItsProcessRuns() {
    assertThat(self.gone()).isFalse();
  }

  @Test
  void isGoneWhenItsNumberBelongsToALaterProcess() {
    assertThat(new Owner(self.host(), self.pid(), self.startedEpochMillis() - 1).gone()).isTrue();
  }

  @Test
  void nothingIsSaidOfAnotherMachine() {
    String other = self.host().equals("0000") ? "0001" : "0000";
    assertThat(new Owner(other, self.pid(), self.startedEpochMillis() - 1).gone()).isFalse();
  }
}
