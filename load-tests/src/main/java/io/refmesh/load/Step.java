package io.refmesh.load;

import io.gatling.commons.validation.Success;
import io.gatling.core.action.Action;
import io.gatling.core.action.SessionHook;
import io.gatling.core.session.Session;
import io.gatling.core.stats.StatsEngine;
import io.gatling.javaapi.core.ActionBuilder;

/**
 * A step of a Gatling user that is done by code of ours and may end later. Gatling's own HTTP step
 * is not used: it has no HTTP/2 in clear, it silently sends a request again when a kept connection
 * turns out closed, and it does not tell a cut body from a missing answer.
 */
abstract class Step implements ActionBuilder {

  private final String name;

  Step(String name) {
    this.name = name;
  }

  /** Does the step, on the user's event loop, and runs {@code whenDone} there when it has ended. */
  abstract void run(Session user, StatsEngine stats, Runnable whenDone);

  @Override
  public final io.gatling.core.action.builder.ActionBuilder asScala() {
    return (context, next) -> new StepAction(context.coreComponents().statsEngine(), next);
  }

  /** The step within Gatling's chain; a session hook, but one that goes on when it is told. */
  private final class StepAction extends SessionHook {

    StepAction(StatsEngine stats, Action next) {
      super(Success::new, name, stats, next);
    }

    @Override
    public void execute(Session user) {
      run(user, statsEngine(), () -> next().$bang(user));
    }
  }
}
