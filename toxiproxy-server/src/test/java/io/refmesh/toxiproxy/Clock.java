package io.refmesh.toxiproxy;

import java.io.IOException;

/**
 * Measures on the real clock what toxics do to real sockets; the one place of these tests that
 * reads it.
 */
final class Clock {
  private Clock() {}

  /** Something that takes time. */
  interface Work {
    void run() throws IOException;
  }

  static long millisOf(Work work) throws IOException {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1_000_000;
  }
}
