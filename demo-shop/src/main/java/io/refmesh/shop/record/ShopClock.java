package io.refmesh.shop.record;

import java.util.function.LongSupplier;

/**
 * The shop's only source of time: nanoseconds for durations, milliseconds since 1970 for the
 * record.
 */
public record ShopClock(LongSupplier nanos, LongSupplier millis) {
  public static ShopClock system() {
    return new ShopClock(System::nanoTime, System::currentTimeMillis);
  }
}
