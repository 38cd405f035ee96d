package io.refmesh.local.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LoopbackClaimTest {

  @TempDir private Path folder;

  @Test
  void givesTwoMeshesTwoParts() throws Exception {
    try (LoopbackClaim one = LoopbackClaim.take(folder, Path.of("/a"), Path.of("/a.state"));
        LoopbackClaim other = LoopbackClaim.take(folder, Path.of("/b"), Path.of("/b.state"))) {
      assertThat(one.octet()).isNotEqualTo(other.octet());
    }
  }

  @Test
  void refusesASecondMeshOnTheSameFolderAndSaysWhoHasIt() throws Exception {
    try (LoopbackClaim held = LoopbackClaim.take(folder, Path.of("/a"), Path.of("/a.state"))) {
      assertThat(held.octet()).isEqualTo(1);
      assertThatThrownBy(() -> LoopbackClaim.take(folder, Path.of("/a"), Path.of("/other.state")))
          .isInstanceOf(AlreadyRunningException.class)
          .hasMessageContaining("already running on /a")
          .hasMessageContaining(Long.toString(ProcessHandle.current().pid()))
          .hasMessageContaining("mesh down --state /a.state");
      assertThatThrownBy(() -> LoopbackClaim.take(folder, Path.of("/other"), Path.of("/a.state")))
          .isInstanceOf(AlreadyRunningException.class);
    }
  }

  @Test
  void freesThePartWhenTheMeshIsGone() throws Exception {
    LoopbackClaim.take(folder, Path.of("/a"), Path.of("/a.state")).close();
    try (LoopbackClaim again = LoopbackClaim.take(folder, Path.of("/a"), Path.of("/a.state"))) {
      assertThat(again.octet()).isEqualTo(1);
    }
  }
}
