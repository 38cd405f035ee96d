package io.refmesh.load;

import static io.gatling.javaapi.core.CoreDsl.constantUsersPerSec;
import static io.gatling.javaapi.core.CoreDsl.nothingFor;
import static io.gatling.javaapi.core.CoreDsl.scenario;

import io.gatling.javaapi.core.PopulationBuilder;
import io.gatling.javaapi.core.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The plan as a Gatling simulation: a lead of one second, then every stream as a scenario of users
 * that each send one request. Public, and without arguments, because Gatling makes it by name.
 */
public final class PlanSimulation extends Simulation {

  /**
   * Gatling gives a simulation no arguments, so the run is left here for the one that is made next.
   */
  private static final AtomicReference<@Nullable LoadRun> NEXT = new AtomicReference<>();

  /** Called by Gatling. */
  public PlanSimulation() {
    LoadRun run = NEXT.getAndSet(null);
    if (run == null) {
      throw new IllegalStateException(
          "no plan: start the load with java -jar load-tests.jar PLAN.json OUTDIR");
    }
    List<PopulationBuilder> populations = new ArrayList<>();
    populations.add(
        scenario("(lead)")
            .exec(new LeadStep(run))
            .injectOpen(
                constantUsersPerSec(LeadStep.RATE_PER_SECOND)
                    .during(Duration.ofMillis(LoadRun.LEAD_MILLIS))));
    for (StreamLoad stream : run.streams()) {
      LoadPlan.StreamPlan plan = stream.plan();
      populations.add(
          scenario(plan.id())
              .exec(new SendStep(run, stream))
              .injectOpen(
                  nothingFor(Duration.ofMillis(LoadRun.LEAD_MILLIS + plan.startAfterMillis())),
                  constantUsersPerSec(plan.ratePerSecond())
                      .during(Duration.ofMillis(plan.durationMillis()))));
    }
    setUp(populations);
  }

  static void next(LoadRun run) {
    NEXT.set(run);
  }
}
