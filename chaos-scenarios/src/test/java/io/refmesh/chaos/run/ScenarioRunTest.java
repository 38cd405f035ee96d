package io.refmesh.chaos.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.chaos.scenario.Act;
import io.refmesh.chaos.scenario.Catalogue;
import io.refmesh.chaos.scenario.FaultPlan;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ScenarioRunTest {

  @Test
  void theLoadLastsAsLongAsARestartMayTakeInEveryAct() throws Exception {
    var acts = Catalogue.load("rolling-restart").acts();
    Duration restarts = Duration.ZERO;
    for (Act act : acts) {
      for (FaultPlan plan : act.faults()) {
        restarts = restarts.plus(plan.ttl());
      }
    }
    assertThat(restarts).isEqualTo(Duration.ofMinutes(8));
    assertThat(ScenarioRun.loadAtMost(acts)).isGreaterThan(restarts.plusMinutes(1));
  }

  @Test
  void withoutARestartTheWindowsCount() throws Exception {
    assertThat(ScenarioRun.loadAtMost(Catalogue.load("policy-denies").acts()))
        .isEqualTo(Duration.ofSeconds(60 + 12 + 60 + 5 + 60));
  }
}
