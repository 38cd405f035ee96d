package io.refmesh.proxy.endpoint;

import java.util.concurrent.atomic.AtomicInteger;

/** How many endpoints of one backend are ejected and may be. Safe on any thread. */
final class EjectionLimit {

  private final AtomicInteger ejected = new AtomicInteger();
  private volatile int most;

  /**
   * @param endpoints how many there are to choose from
   * @param percent of them that may be ejected; one may always be when there are at least two
   */
  void resize(int endpoints, int percent) {
    int share = (int) ((long) endpoints * percent / 100);
    most = endpoints >= 2 ? Math.max(1, share) : share;
  }

  /** Whether one more may be ejected; it is counted then. */
  boolean take() {
    int now = ejected.get();
    while (now < most) {
      if (ejected.compareAndSet(now, now + 1)) {
        return true;
      }
      now = ejected.get();
    }
    return false;
  }

  void giveBack() {
    ejected.decrementAndGet();
  }

  int ejected() {
    return ejected.get();
  }

  /** More are ejected than may be since the number of endpoints shrank. */
  boolean exceeded() {
    return ejected.get() > most;
  }
}
