package io.refmesh.proxy;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what another thread brings about; looks every millisecond, for five seconds. */
final class Eventually {

  private static final int LOOKS_MAX = 5000;

  private Eventually() {}

  static void holds(BooleanSupplier condition) {
    for (int look = 0; look < LOOKS_MAX; look++) {
      if (condition.getAsBoolean()) {
        return;
      }
      LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
    }
    throw new AssertionError("did not come true within 5 s");
  }
}
