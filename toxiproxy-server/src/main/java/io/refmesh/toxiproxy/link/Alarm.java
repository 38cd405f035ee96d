package io.refmesh.toxiproxy.link;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Wakes a stage at or after a time. It may ring early, so a stage looks at the clock and asks
 * again: that is what lets a timeout be moved on by each chunk without a new timer.
 */
final class Alarm {
  private final EventExecutor loop;
  private final Runnable wake;
  private final Runnable ring = this::ring;
  private @Nullable Future<?> timer;
  private long timerNanos;

  Alarm(EventExecutor loop, Runnable wake) {
    this.loop = loop;
    this.wake = wake;
  }

  /** Rings at {@code nanos} of the loop's ticker, or earlier when an earlier ring is pending. */
  void at(long nanos) {
    if (timer != null) {
      if (timerNanos - nanos <= 0) {
        return;
      }
      cancel();
    }
    timerNanos = nanos;
    timer =
        loop.schedule(ring, Math.max(0, nanos - loop.ticker().nanoTime()), TimeUnit.NANOSECONDS);
  }

  void cancel() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  private void ring() {
    timer = null;
    wake.run();
  }
}
