package io.refmesh.control.registry;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations and sizes as users write them: {@code 500ms}, {@code 1m30s}, {@code 64Ki}. */
public final class Quantities {

  // GEP-2257 of Gateway API: up to four numbers of up to five digits, each with its unit.
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,5}(ms|h|m|s)){1,4}");
  private static final Pattern DURATION_PART = Pattern.compile("([0-9]{1,5})(ms|h|m|s)");
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,12})(Ki|Mi|Gi)?");

  private Quantities() {}

  /** The duration, or empty when the text is none. */
  public static Optional<Duration> duration(String text) {
    if (!DURATION.matcher(text).matches()) {
      return Optional.empty();
    }
    Duration sum = Duration.ZERO;
    Matcher part = DURATION_PART.matcher(text);
    while (part.find()) {
      long number = Long.parseLong(part.group(1));
      sum =
          sum.plus(
              switch (part.group(2)) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                default -> Duration.ofHours(number);
              });
    }
    return Optional.of(sum);
  }

  /** The size in bytes, or empty when the text is none. */
  public static Optional<Long> bytes(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long number = Long.parseLong(matcher.group(1));
    String unit = matcher.group(2);
    if (unit == null) {
      return Optional.of(number);
    }
    int shift =
        switch (unit) {
          case "Ki" -> 10;
          case "Mi" -> 20;
          default -> 30;
        };
    return number > Long.MAX_VALUE >> shift ? Optional.empty() : Optional.of(number << shift);
  }

  /** Written as a user would write it. */
  public static String text(Duration duration) {
    long millis = duration.toMillis();
    if (millis % 3_600_000 == 0 && millis > 0) {
      return millis / 3_600_000 + "h";
    }
    if (millis % 60_000 == 0 && millis > 0) {
      return millis / 60_000 + "m";
    }
    return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
  }

  static String text(long bytes) {
    for (int shift = 30; shift > 0; shift -= 10) {
      if (bytes > 0 && (bytes & ((1L << shift) - 1)) == 0) {
        return (bytes >> shift) + (shift == 30 ? "Gi" : shift == 20 ? "Mi" : "Ki");
      }
    }
    return Long.toString(bytes);
  }
}
