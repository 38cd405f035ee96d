package io.refmesh.chaos.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The figures in an observation of the form {@code client.slow.p99 = 541 ms,
 * server.pricing.cancelled = 160}; none when it is prose.
 *
 * @param figures in the order written
 */
record Observed(List<Figure> figures) {

  private static final Pattern FIGURE =
      Pattern.compile("([A-Za-z][A-Za-z0-9_.-]*(?:\\{[^}]*})?) = ([^,]+)");

  Observed {
    figures = List.copyOf(figures);
  }

  static Observed in(String text) {
    List<Figure> figures = new ArrayList<>();
    Matcher matcher = FIGURE.matcher(text);
    int at = 0;
    while (at < text.length()) {
      if (!matcher.find(at) || matcher.start() != at) {
        return new Observed(List.of());
      }
      figures.add(new Figure(matcher.group(1), matcher.group(2)));
      at = matcher.end();
      if (at < text.length()) {
        if (!text.startsWith(", ", at)) {
          return new Observed(List.of());
        }
        at += 2;
      }
    }
    return new Observed(figures);
  }

  /**
   * One measured figure.
   *
   * @param name dotted, with labels in braces where it is a metric
   * @param value with its unit
   */
  record Figure(String name, String value) {

    /** The last word of the name, without labels: what was measured. */
    String kind() {
      String bare = bare();
      return bare.substring(bare.lastIndexOf('.') + 1);
    }

    boolean isBefore() {
      return name.startsWith("before.");
    }

    /** Without the words that every figure has, such as {@code slow p99 541 ms}. */
    String brief() {
      String[] words = bare().split("\\.", -1);
      String what =
          switch (words[0]) {
            case "client", "server" -> String.join(" ", List.of(words).subList(1, words.length));
            case "mesh", "gauge" -> kind().replace("_total", "").replace('_', ' ') + labels();
            default -> String.join(" ", words);
          };
      return what.replaceAll("([a-z])([A-Z])", "$1 $2").toLowerCase(Locale.ROOT)
          + " "
          + briefValue();
    }

    private String briefValue() {
      if (kind().endsWith("Rate") || kind().endsWith("Share")) {
        try {
          return String.format(Locale.ROOT, "%.2f %%", Double.parseDouble(value) * 100);
        } catch (NumberFormatException e) {
          return value; // "not known"
        }
      }
      if (value.matches("[0-9]{4,15}")) {
        return Words.count(Long.parseLong(value));
      }
      return value.endsWith(" ms") && value.length() <= 20 ? latency(value) : value;
    }

    private static String latency(String value) {
      try {
        return Words.millis(Double.parseDouble(value.substring(0, value.length() - 3)));
      } catch (NumberFormatException e) {
        return value;
      }
    }

    /** The labels that tell figures of one metric apart. */
    private String labels() {
      int brace = name.indexOf('{');
      if (brace < 0) {
        return "";
      }
      List<String> told = new ArrayList<>();
      for (String label : name.substring(brace + 1, name.length() - 1).split(",", -1)) {
        String[] parts = label.trim().split("=", 2);
        if (parts.length == 2
            && (parts[0].equals("reason")
                || parts[0].equals("error")
                || parts[0].equals("state"))) {
          told.add(parts[1]);
        }
      }
      return told.isEmpty() ? "" : " (" + String.join(", ", told) + ")";
    }

    private String bare() {
      int brace = name.indexOf('{');
      return brace < 0 ? name : name.substring(0, brace);
    }
  }
}
