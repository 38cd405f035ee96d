package io.refmesh.chaos.report;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** Numbers and counts as people write them, the same in every report. */
final class Words {

  private Words() {}

  /** Such as {@code 38.2 s} or {@code 6 min 42 s}. */
  static String seconds(long millis) {
    if (millis < 100_000) {
      return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
    }
    long seconds = Math.round(millis / 1000.0);
    return seconds / 60 + " min " + String.format(Locale.ROOT, "%02d", seconds % 60) + " s";
  }

  /** A latency with as many digits as mean something. */
  static String millis(double millis) {
    if (millis >= 10_000) {
      return String.format(Locale.ROOT, "%.1f s", millis / 1000);
    }
    return String.format(Locale.ROOT, millis < 10 ? "%.1f ms" : "%.0f ms", millis);
  }

  /** A limit as a scenario writes it: whole where it is whole. */
  static String limit(double millis) {
    return millis >= 1000 && millis % 100 == 0
        ? String.format(Locale.ROOT, millis % 1000 == 0 ? "%.0f s" : "%.1f s", millis / 1000)
        : String.format(Locale.ROOT, millis % 1 == 0 ? "%.0f ms" : "%.1f ms", millis);
  }

  /** Thousands apart. */
  static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  static String counted(long number, String noun) {
    return count(number) + " " + noun + (number == 1 ? "" : "s");
  }

  /** Names that stand together, with room between them. */
  static String names(String commaSeparated) {
    return commaSeparated.replaceAll(",(?=\\S)", ", ");
  }

  static <T> long matching(List<T> all, Predicate<T> which) {
    return all.stream().filter(which).count();
  }
}
