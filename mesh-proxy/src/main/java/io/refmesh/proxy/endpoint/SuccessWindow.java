package io.refmesh.proxy.endpoint;

import java.util.Arrays;

/** Successes and failures of the last seconds, in ten slices. Guarded by its owner. */
final class SuccessWindow {

  private static final int SLICES = 10;

  private final long sliceNanos;
  private final int[] successes = new int[SLICES];
  private final int[] failures = new int[SLICES];
  private long slice;

  SuccessWindow(long windowNanos, long nowNanos) {
    sliceNanos = Math.max(1, windowNanos / SLICES);
    slice = Math.floorDiv(nowNanos, sliceNanos);
  }

  void add(boolean success, long nowNanos) {
    turn(nowNanos);
    (success ? successes : failures)[index(slice)]++;
  }

  int requests(long nowNanos) {
    turn(nowNanos);
    return Arrays.stream(successes).sum() + Arrays.stream(failures).sum();
  }

  /** 100 when there were no requests. */
  int successPercent(long nowNanos) {
    int requests = requests(nowNanos);
    return requests == 0 ? 100 : (int) (100L * Arrays.stream(successes).sum() / requests);
  }

  /** Whether fewer than {@code percent} succeeded, without rounding. */
  boolean below(int percent, long nowNanos) {
    long requests = requests(nowNanos);
    return 100L * Arrays.stream(successes).sum() < percent * requests;
  }

  /** As of the last question. */
  boolean hasSuccesses() {
    return Arrays.stream(successes).anyMatch(count -> count > 0);
  }

  void clear() {
    Arrays.fill(successes, 0);
    Arrays.fill(failures, 0);
  }

  private void turn(long nowNanos) {
    long now = Math.floorDiv(nowNanos, sliceNanos);
    if (now - slice >= SLICES) {
      clear();
    } else {
      for (long s = slice + 1; s <= now; s++) {
        successes[index(s)] = 0;
        failures[index(s)] = 0;
      }
    }
    slice = Math.max(slice, now);
  }

  private static int index(long slice) {
    return Math.floorMod(slice, SLICES);
  }
}
