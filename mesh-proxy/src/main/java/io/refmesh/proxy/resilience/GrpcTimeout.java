package io.refmesh.proxy.resilience;

import java.util.concurrent.TimeUnit;

/**
 * The field {@code grpc-timeout}: at most eight digits and a unit (PROTOCOL-HTTP2.md of the gRPC
 * specification).
 */
final class GrpcTimeout {

  static final String FIELD = "grpc-timeout";

  private static final int DIGITS_MAX = 8;
  private static final long VALUE_MAX = 99_999_999;

  private GrpcTimeout() {}

  /** Nanoseconds; -1 when it cannot be read. */
  static long parse(CharSequence text) {
    int digits = text.length() - 1;
    if (digits < 1 || digits > DIGITS_MAX) {
      return -1;
    }
    long value = 0;
    for (int i = 0; i < digits; i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      value = value * 10 + (c - '0');
    }
    return switch (text.charAt(digits)) {
      case 'H' -> TimeUnit.HOURS.toNanos(value);
      case 'M' -> TimeUnit.MINUTES.toNanos(value);
      case 'S' -> TimeUnit.SECONDS.toNanos(value);
      case 'm' -> TimeUnit.MILLISECONDS.toNanos(value);
      case 'u' -> TimeUnit.MICROSECONDS.toNanos(value);
      case 'n' -> value;
      default -> -1;
    };
  }

  static String format(long nanos) {
    long millis = Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos));
    return millis <= VALUE_MAX
        ? millis + "m"
        : Math.min(VALUE_MAX, TimeUnit.NANOSECONDS.toSeconds(nanos)) + "S";
  }
}
