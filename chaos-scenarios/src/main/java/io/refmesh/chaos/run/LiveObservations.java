package io.refmesh.chaos.run;

import io.refmesh.chaos.expect.Expression;
import io.refmesh.chaos.expect.Figures;
import io.refmesh.chaos.observe.Moment;
import io.refmesh.chaos.observe.Observer;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** What an {@link Observer} of a running mesh sees. */
final class LiveObservations implements Observations {

  private final Observer observer;

  /** A moment of the observer. */
  private record LiveMark(Moment moment) implements Mark {
    @Override
    public Instant at() {
      return Instant.EPOCH.plus(moment.epochMicros(), ChronoUnit.MICROS);
    }
  }

  LiveObservations(Observer observer) {
    this.observer = observer;
  }

  @Override
  public Mark mark() throws InterruptedException {
    return new LiveMark(observer.mark());
  }

  @Override
  public Figures figures(Mark from, Mark to, Optional<Figures> before) {
    return observer.figures(moment(from), moment(to), Duration.ZERO, before);
  }

  @Override
  public Optional<Duration> firstTrue(Expression condition, Mark since, Duration within)
      throws InterruptedException {
    return observer.firstTrue(condition, moment(since), within);
  }

  private static Moment moment(Mark mark) {
    return ((LiveMark) mark).moment();
  }
}
