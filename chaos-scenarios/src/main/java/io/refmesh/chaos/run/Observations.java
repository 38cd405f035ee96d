package io.refmesh.chaos.run;

import io.refmesh.chaos.expect.Expression;
import io.refmesh.chaos.expect.Figures;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What can be known about the running mesh. Marks may be taken on any thread. */
interface Observations {

  /** Where all counters stood at one moment. */
  interface Mark {
    Instant at();
  }

  Mark mark() throws InterruptedException;

  /**
   * What happened between two marks.
   *
   * @param before what happened in the window before, for conditions that compare
   */
  Figures figures(Mark from, Mark to, Optional<Figures> before);

  /**
   * How long after {@code since} the condition was true for the first time; empty when it was not
   * within that time.
   */
  Optional<Duration> firstTrue(Expression condition, Mark since, Duration within)
      throws InterruptedException;
}
