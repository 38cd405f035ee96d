package io.refmesh.chaos.run;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** The clock of a run, and waiting by it. */
public interface Time extends InstantSource {

  Time SYSTEM =
      new Time() {
        private final InstantSource clock = InstantSource.system();

        @Override
        public Instant instant() {
          return clock.instant();
        }

        @Override
        public void sleep(Duration time) throws InterruptedException {
          Thread.sleep(time);
        }
      };

  void sleep(Duration time) throws InterruptedException;

  /** Waits until {@code instant}; not at all when it is over. */
  default void sleepUntil(Instant instant) throws InterruptedException {
    Duration left = Duration.between(instant(), instant);
    if (left.isPositive()) {
      sleep(left);
    }
  }
}
