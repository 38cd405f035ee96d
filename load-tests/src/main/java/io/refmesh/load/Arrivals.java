package io.refmesh.load;

import static io.gatling.javaapi.core.CoreDsl.constantUsersPerSec;

import io.refmesh.load.LoadPlan.StreamPlan;
import java.time.Duration;
import scala.collection.Iterator;
import scala.collection.Iterator$;
import scala.concurrent.duration.FiniteDuration;

/**
 * The times at which a stream's requests are meant to start, taken from the very schedule that
 * Gatling injects by. Answers one after the other, in the order in which the injector starts its
 * users; used on the event loop.
 */
final class Arrivals {

  private final Iterator<FiniteDuration> schedule;
  private long lastMicros;

  Arrivals(StreamPlan stream) {
    Duration duration = Duration.ofMillis(stream.durationMillis());
    this.schedule =
        constantUsersPerSec(stream.ratePerSecond())
            .during(duration)
            .asScala()
            .chain(Iterator$.MODULE$.empty());
  }

  /** Microseconds from the first possible arrival of the stream to the next one. */
  long nextMicros() {
    if (schedule.hasNext()) {
      lastMicros = schedule.next().toMicros();
    }
    return lastMicros;
  }
}
