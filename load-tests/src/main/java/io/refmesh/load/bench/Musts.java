package io.refmesh.load.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * What Refmesh must reach: ratios to another proxy and what it adds to no proxy at all, taken
 * within each round and then the median, or figures of its own.
 */
final class Musts {

  /** The peer that is no proxy: a must against it is a difference, not the ratio. */
  private static final String NO_PROXY = "direct";

  /**
   * @param against the peer to compare with; empty for a figure of its own
   * @param atMost whether less is better
   */
  private record Must(
      String sentence,
      String workload,
      String value,
      String against,
      boolean atMost,
      double must,
      double aim) {}

  /**
   * @param figure empty when it could not be measured
   */
  record Verdict(
      String sentence, String bound, String aim, OptionalDouble figure, boolean met, boolean hit) {

    String text() {
      return figure.isEmpty()
          ? "not measured"
          : String.format(Locale.ROOT, "%.2f", figure.getAsDouble());
    }
  }

  private static final List<Must> ALL =
      List.of(
          cpu("h1-c32", "envoy", 0.6, 0.6),
          cpu("h1-c32", "haproxy", 1.5, 1.0),
          cpu("h1-c256", "envoy", 0.6, 0.6),
          cpu("h2-10x10", "envoy", 0.6, 0.6),
          cpu("grpc-10x10", "envoy", 0.6, 0.6),
          rate("h1-c32"),
          rate("h1-c256"),
          rate("h2-10x10"),
          rate("grpc-10x10"),
          cpu("h1-rate", "envoy", 0.7, 0.7),
          latency("h1-rate", "p50_ms"),
          latency("h1-rate", "p99_ms"),
          latency("h2-rate", "p50_ms"),
          latency("h2-rate", "p99_ms"),
          cpu("h1-1m", "envoy", 1.2, 1.0),
          cpu("b-hs", "envoy", 1.3, 1.0),
          added("h1-rate-low", "p50_ms", 1),
          added("h1-rate-low", "p99_ms", 5),
          added("h1-rate", "p50_ms", 1),
          added("h1-rate", "p99_ms", 5),
          own("RSS of a sidecar, idle, MB", "rss_idle", 95, 70),
          own("RSS of a sidecar, 256 connections, MB", "rss_256", 125, 90),
          own("RSS of a sidecar, 2000 connections, MB", "rss_2000", 160, 130),
          own("start to first answer, ms", "start_ms", 1000, 400));

  private Musts() {}

  static List<Verdict> judge(List<Measured> all) {
    List<Verdict> verdicts = new ArrayList<>();
    for (Must must : ALL) {
      OptionalDouble figure =
          must.against().isEmpty()
              ? median(
                  all.stream()
                      .filter(m -> of(m, must.workload(), "refmesh"))
                      .map(m -> m.values().get(must.value()))
                      .toList())
              : median(compared(all, must.workload(), must.value(), "refmesh", must.against()));
      verdicts.add(
          new Verdict(
              must.sentence(),
              bound(must, must.must()),
              bound(must, must.aim()),
              figure,
              reached(must, figure, must.must()),
              reached(must, figure, must.aim())));
    }
    return verdicts;
  }

  /** One for each round in which both were measured; to {@link #NO_PROXY} it is the difference. */
  static List<Double> compared(
      List<Measured> all, String workload, String value, String peer, String against) {
    List<Double> compared = new ArrayList<>();
    for (Measured one : all) {
      if (of(one, workload, peer)) {
        for (Measured other : all) {
          if (of(other, workload, against) && other.round() == one.round()) {
            Double mine = one.values().get(value);
            Double theirs = other.values().get(value);
            if (mine != null && theirs != null && theirs > 0) {
              compared.add(against.equals(NO_PROXY) ? mine - theirs : mine / theirs);
            }
          }
        }
      }
    }
    return compared;
  }

  static OptionalDouble median(List<Double> values) {
    double[] sorted =
        values.stream().filter(v -> v != null).mapToDouble(Double::doubleValue).toArray();
    if (sorted.length == 0) {
      return OptionalDouble.empty();
    }
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return OptionalDouble.of(
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
  }

  private static boolean of(Measured one, String workload, String peer) {
    return one.workload().equals(workload) && one.peer().equals(peer);
  }

  private static boolean reached(Must must, OptionalDouble figure, double bound) {
    return figure.isPresent()
        && (must.atMost() ? figure.getAsDouble() <= bound : figure.getAsDouble() >= bound);
  }

  private static String bound(Must must, double value) {
    String number =
        value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    return (must.atMost() ? "≤ " : "≥ ")
        + number
        + switch (must.against()) {
          case "" -> "";
          case NO_PROXY -> " more than " + NO_PROXY;
          default -> " × " + must.against();
        };
  }

  private static Must cpu(String workload, String against, double must, double aim) {
    return new Must(workload + ": CPU per request", workload, "cpu_us", against, true, must, aim);
  }

  private static Must rate(String workload) {
    return new Must(workload + ": throughput", workload, "rate", "envoy", false, 1.5, 1.5);
  }

  private static Must latency(String workload, String value) {
    return new Must(
        workload + ": " + value.replace("_ms", ""), workload, value, "envoy", true, 1.0, 1.0);
  }

  private static Must added(String workload, String value, double millis) {
    return new Must(
        workload + ": " + value.replace("_ms", "") + " added, ms",
        workload,
        value,
        NO_PROXY,
        true,
        millis,
        millis);
  }

  private static Must own(String sentence, String value, double must, double aim) {
    return new Must(sentence, "lifecycle", value, "", true, must, aim);
  }
}
