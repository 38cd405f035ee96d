package io.refmesh.proxy.simulation;

import java.util.SplittableRandom;

/**
 * One direction of a connection: how late what is sent arrives, and in what pieces. Drawn when the
 * connection is made; each write draws from a seed of its own, so that one byte more or less in a
 * signature changes nothing after it.
 */
final class Link {

  private enum Cuts {
    NONE,
    FEW,
    BYTES
  }

  /** So many bytes of a write come one by one where they do. */
  private static final int SINGLE_BYTES = 40;

  private final SplittableRandom random;
  private long delayNanos;
  private long jitterNanos;
  private final Cuts cuts;

  /** What is sent later does not arrive earlier. */
  private long lastArrivalNanos;

  Link(SplittableRandom random, long worstNanos) {
    this.random = random;
    this.delayNanos = 20_000 + random.nextLong(Math.max(1, worstNanos / 4));
    this.jitterNanos = random.nextInt(3) == 0 ? worstNanos : 10_000;
    int kind = random.nextInt(10);
    this.cuts = kind < 6 ? Cuts.NONE : kind < 9 ? Cuts.FEW : Cuts.BYTES;
  }

  /** When what is sent now arrives. */
  long arrivalNanos(long nowNanos, long notBeforeNanos) {
    long at = nowNanos + delayNanos + random.nextLong(jitterNanos);
    lastArrivalNanos = Math.max(Math.max(at, notBeforeNanos), lastArrivalNanos);
    return lastArrivalNanos;
  }

  /** From now on as fast as a link can be. */
  void heal() {
    delayNanos = 20_000;
    jitterNanos = 10_000;
  }

  /** How long the next pieces of a write are; the last one is longer where that is not enough. */
  int[] pieces(int length) {
    SplittableRandom own = random.split();
    return switch (cuts) {
      case NONE -> new int[] {length};
      case FEW -> {
        int first = Math.min(length, 1 + own.nextInt(Math.max(1, length)));
        int second = Math.min(length - first, 1 + own.nextInt(64));
        yield new int[] {first, second, length - first - second};
      }
      case BYTES -> {
        int single = Math.min(length, SINGLE_BYTES);
        int[] all = new int[single + 1];
        java.util.Arrays.fill(all, 0, single, 1);
        all[single] = length - single;
        yield all;
      }
    };
  }

  /** Between two pieces. */
  long gapNanos() {
    return 5_000;
  }

  void arrivedAt(long nanos) {
    lastArrivalNanos = Math.max(lastArrivalNanos, nanos);
  }
}
