package io.refmesh.proxy.policy;

import java.util.concurrent.atomic.AtomicReference;

/**
 * The generic cell rate algorithm (ITU-T I.371, as a leaky bucket): requests at a rate, and so many
 * at once after a pause. Exact: it counts in whole numbers, a request as a thousand million units
 * of which every nanosecond pays off as many as requests are allowed per second, so that nothing is
 * rounded. Safe on any thread; of two loops that ask at once for the last request one gets it.
 */
final class Gcra {

  private static final long REQUEST = 1_000_000_000;

  /**
   * @param atNanos when the debt was so
   * @param debt units that the requests so far have not paid off yet
   */
  private record State(long atNanos, long debt) {}

  private final int perSecond;
  private final long debtMax;
  private final AtomicReference<State> state;

  Gcra(int perSecond, int burst, long nowNanos) {
    this.perSecond = perSecond;
    debtMax = burst * REQUEST;
    state = new AtomicReference<>(new State(nowNanos, 0));
  }

  /** 0 when the request may go on, it is counted then; else how long until one could. */
  long tryTake(long nowNanos) {
    while (true) {
      State before = state.get();
      State now = at(nowNanos, before);
      long after = now.debt + REQUEST;
      if (after > debtMax) {
        return Math.ceilDiv(after - debtMax, perSecond);
      }
      if (state.compareAndSet(before, new State(now.atNanos, after))) {
        return 0;
      }
    }
  }

  /** A request that was counted did not go on after all. */
  void giveBack() {
    state.updateAndGet(s -> new State(s.atNanos, Math.max(0, s.debt - REQUEST)));
  }

  /** Whether it would be the same if it were made anew. */
  boolean idle(long nowNanos) {
    return at(nowNanos, state.get()).debt == 0;
  }

  // Another loop may have read the clock later and come first: time never goes back.
  private State at(long nowNanos, State before) {
    long passed = Math.max(0, nowNanos - before.atNanos);
    long paid = passed > before.debt / perSecond ? before.debt : passed * perSecond;
    return new State(before.atNanos + passed, before.debt - paid);
  }
}
