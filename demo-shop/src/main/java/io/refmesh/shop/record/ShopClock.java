package io.refmesh.shop.record;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The shop's only source of time: nanoseconds for durations, milliseconds since 1970 for the
 * record.
 */
public record ShopClock(LongSupplier nanos, LongSupplier millis) {
  public static ShopClock system() {
    return new ShopClock(System::nanoTime, System::currentTimeMillis);
  }

  /** Milliseconds to the microsecond: enough for people and for plots, and short in JSON. */
  public static double millis(long nanos) {
    long micros = TimeUnit.NANOSECONDS.toMicros(nanos);
    return micros / 1_000.0;
  }
}
