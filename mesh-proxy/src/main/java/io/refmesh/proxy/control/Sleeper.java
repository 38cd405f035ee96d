package io.refmesh.proxy.control;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Lets time pass on one thread that may block, until another wakes it. */
interface Sleeper {

  /** Returns when the time has passed, or at once when it was woken since it slept last. */
  void sleep(Duration duration) throws InterruptedException;

  /** Ends the sleep of now, or else the next one. On any thread. */
  void wake();

  /** The one of production. */
  static Sleeper system() {
    Semaphore woken = new Semaphore(0);
    return new Sleeper() {
      @Override
      public void sleep(Duration duration) throws InterruptedException {
        if (woken.tryAcquire(duration.toNanos(), TimeUnit.NANOSECONDS)) {
          woken.drainPermits();
        }
      }

      @Override
      public void wake() {
        woken.release();
      }
    };
  }
}
