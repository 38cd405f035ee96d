package io.refmesh.load;

/**
 * The module's one source of time: microseconds since the epoch that never go back, from any
 * thread.
 */
@FunctionalInterface
interface LoadClock {

  long epochMicros();

  /** The wall clock as it was when this was called, carried on by the monotonic clock. */
  static LoadClock system() {
    long wallMicros = System.currentTimeMillis() * 1000;
    long startNanos = System.nanoTime();
    return () -> wallMicros + (System.nanoTime() - startNanos) / 1000;
  }
}
