package io.refmesh.local.status;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One reading of a {@code /metrics} page (Prometheus text format 0.0.4). Lines that cannot be read
 * are passed over and counted, since a page with one bad line still tells the truth in the others.
 */
public final class Scrape {

  private final Map<String, List<Sample>> samples = new HashMap<>();
  private int unreadable;

  public record Sample(Map<String, String> labels, double value) {}

  private Scrape() {}

  public static Scrape of(String text) {
    Scrape scrape = new Scrape();
    for (String line : text.split("\n")) {
      if (!line.isEmpty() && line.charAt(0) != '#') {
        scrape.read(line);
      }
    }
    return scrape;
  }

  /** Lines that were no samples. */
  public int unreadable() {
    return unreadable;
  }

  /** All series of a metric whose labels contain {@code wanted}. */
  public List<Sample> samples(String name, Map<String, String> wanted) {
    return samples.getOrDefault(name, List.of()).stream()
        .filter(sample -> sample.labels().entrySet().containsAll(wanted.entrySet()))
        .toList();
  }

  /** The sum over those series; 0 when there are none. */
  public double sum(String name, Map<String, String> wanted) {
    return samples(name, wanted).stream().mapToDouble(Sample::value).sum();
  }

  public double sum(String name) {
    return sum(name, Map.of());
  }

  /**
   * The quantile of a histogram, by linear interpolation inside its bucket as Prometheus does it;
   * NaN when it has no observations.
   *
   * @param name without {@code _bucket}
   */
  public double quantile(String name, Map<String, String> wanted, double quantile) {
    return quantile(buckets(name, wanted), quantile);
  }

  /**
   * Cumulative counts of a histogram by upper bound, summed over the series; {@code +Inf} included.
   */
  public Map<Double, Double> buckets(String name, Map<String, String> wanted) {
    Map<Double, Double> buckets = new TreeMap<>();
    for (Sample sample : samples(name + "_bucket", wanted)) {
      String bound = sample.labels().getOrDefault("le", "+Inf");
      double upper = bound.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(bound);
      buckets.merge(upper, sample.value(), Double::sum);
    }
    return buckets;
  }

  /** As {@link #quantile(String, Map, double)}, of cumulative counts by upper bound. */
  public static double quantile(Map<Double, Double> buckets, double quantile) {
    double total = buckets.getOrDefault(Double.POSITIVE_INFINITY, 0.0);
    if (total == 0) {
      return Double.NaN;
    }
    double rank = quantile * total;
    double lower = 0;
    double below = 0;
    for (Map.Entry<Double, Double> bucket : buckets.entrySet()) {
      if (bucket.getValue() >= rank) {
        double inside = bucket.getValue() - below;
        if (bucket.getKey().isInfinite() || inside == 0) {
          return lower;
        }
        return lower + (bucket.getKey() - lower) * (rank - below) / inside;
      }
      lower = bucket.getKey();
      below = bucket.getValue();
    }
    return lower;
  }

  private void read(String line) {
    int brace = line.indexOf('{');
    int space = brace < 0 ? line.indexOf(' ') : line.indexOf(' ', closing(line, brace));
    if (space < 0) {
      unreadable++;
      return;
    }
    try {
      String name = line.substring(0, brace < 0 ? space : brace);
      Map<String, String> labels =
          brace < 0 ? Map.of() : labels(line.substring(brace + 1, closing(line, brace)));
      String[] rest = line.substring(space + 1).trim().split(" ", 2);
      samples
          .computeIfAbsent(name, n -> new ArrayList<>())
          .add(new Sample(labels, number(rest[0])));
    } catch (NumberFormatException e) {
      unreadable++;
    }
  }

  private static double number(String text) {
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }

  /** Index of the brace that ends the labels: braces inside quotes do not count. */
  private static int closing(String line, int from) {
    boolean quoted = false;
    for (int i = from; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quoted && c == '\\') {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == '}' && !quoted) {
        return i;
      }
    }
    return line.length() - 1;
  }

  private static Map<String, String> labels(String text) {
    Map<String, String> labels = new HashMap<>();
    int at = 0;
    while (at < text.length()) {
      int equals = text.indexOf("=\"", at);
      if (equals < 0) {
        break;
      }
      String name = text.substring(at, equals).trim();
      StringBuilder value = new StringBuilder();
      int i = equals + 2;
      for (; i < text.length() && text.charAt(i) != '"'; i++) {
        if (text.charAt(i) == '\\' && i + 1 < text.length()) {
          i++;
          value.append(text.charAt(i) == 'n' ? '\n' : text.charAt(i));
        } else {
          value.append(text.charAt(i));
        }
      }
      labels.put(name, value.toString());
      at = i + 1;
      while (at < text.length() && (text.charAt(at) == ',' || text.charAt(at) == ' ')) {
        at++;
      }
    }
    return labels;
  }
}
