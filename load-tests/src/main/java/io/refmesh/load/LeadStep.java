package io.refmesh.load;

import io.gatling.core.session.Session;
import io.gatling.core.stats.StatsEngine;

/**
 * A user of the lead: tells the run when it came, and the last one has it announce the start of the
 * load.
 */
final class LeadStep extends Step {

  static final int RATE_PER_SECOND = 50;

  private final LoadRun run;
  private int arrived;

  LeadStep(LoadRun run) {
    super("lead");
    this.run = run;
  }

  @Override
  void run(Session user, StatsEngine stats, Runnable whenDone) {
    run.leadArrival(user.eventLoop(), arrived * 1_000_000L / RATE_PER_SECOND);
    arrived++;
    if (arrived == RATE_PER_SECOND) {
      run.announceStart();
    }
    whenDone.run();
  }
}
