package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.ExpectationVerdict;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A latency that an expectation allows, as in {@code client.slow.p99 <= 600ms}; worth a line in the
 * picture.
 */
record Limit(String stream, String kind, double millis, String window) {

  private static final Pattern LIMIT =
      Pattern.compile(
          "(?<!before\\.)\\bclient\\.([A-Za-z0-9_-]+)\\.(p50|p99|max) <=? ([0-9]+(?:\\.[0-9]+)?)(ms|s)\\b");

  static List<Limit> in(List<ExpectationVerdict> expectations) {
    List<Limit> limits = new ArrayList<>();
    for (ExpectationVerdict expectation : expectations) {
      String window = expectation.window().split(",", 2)[0];
      Matcher matcher = LIMIT.matcher(expectation.expected());
      while (matcher.find()) {
        double value =
            Double.parseDouble(matcher.group(3)) * (matcher.group(4).equals("s") ? 1000 : 1);
        limits.add(new Limit(matcher.group(1), matcher.group(2), value, window));
      }
    }
    return limits;
  }
}
