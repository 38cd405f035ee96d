package io.refmesh.load;

import io.gatling.commons.stats.KO$;
import io.gatling.commons.stats.OK$;
import io.gatling.commons.stats.Status;
import io.gatling.core.session.Session;
import io.gatling.core.stats.StatsEngine;
import scala.Option;

/** Sends one request of a stream and tells Gatling's own statistics how it went. */
final class SendStep extends Step {

  private final LoadRun run;
  private final StreamLoad stream;

  SendStep(LoadRun run, StreamLoad stream) {
    super("send " + stream.plan().id());
    this.run = run;
    this.stream = stream;
  }

  @Override
  void run(Session user, StatsEngine stats, Runnable whenDone) {
    if (run.isStopping()) {
      whenDone.run();
      return;
    }
    run.send(
        stream,
        user.eventLoop(),
        request -> {
          Status status = request.outcome() == Outcome.OK ? OK$.MODULE$ : KO$.MODULE$;
          Option<String> code =
              request.status() == 0
                  ? Option.empty()
                  : Option.apply(Integer.toString(request.status()));
          Option<String> message =
              request.outcome() == Outcome.OK
                  ? Option.empty()
                  : Option.apply(request.outcome().word() + " " + request.error());
          stats.logResponse(
              user.scenario(),
              user.groups(),
              request.stream(),
              request.startMicros() / 1000,
              request.endMicros() / 1000,
              status,
              code,
              message);
          whenDone.run();
        });
  }
}
