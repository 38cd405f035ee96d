package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.ExpectationVerdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A latency that expectations allow, as in {@code client.slow.p99 <= 600ms}; worth a line in the
 * picture.
 *
 * @param streams of which it is expected
 */
record Limit(List<String> streams, String kind, double millis, String window) {

  private static final Pattern LIMIT =
      Pattern.compile(
          "(?<!before\\.)\\bclient\\.([A-Za-z0-9_-]+)\\.(p50|p99|max) <=? ([0-9]{1,9}(?:\\.[0-9]{1,9})?)(ms|s)\\b");

  Limit {
    streams = List.copyOf(streams);
  }

  /** The limits of all expectations, equal ones of several streams as one. */
  static List<Limit> in(List<ExpectationVerdict> expectations) {
    Map<Limit, List<String>> streams = new LinkedHashMap<>();
    for (ExpectationVerdict expectation : expectations) {
      String window = expectation.window().split(",", 2)[0];
      Matcher matcher = LIMIT.matcher(expectation.expected());
      while (matcher.find()) {
        double value =
            Double.parseDouble(matcher.group(3)) * (matcher.group(4).equals("s") ? 1000 : 1);
        streams
            .computeIfAbsent(
                new Limit(List.of(), matcher.group(2), value, window), l -> new ArrayList<>())
            .add(matcher.group(1));
      }
    }
    return streams.entrySet().stream()
        .map(e -> e.getKey().of(e.getValue().stream().distinct().toList()))
        .toList();
  }

  private Limit of(List<String> streams) {
    return new Limit(streams, kind, millis, window);
  }
}
