package io.refmesh.chaos.observe;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/** Figures of one stream over some of its requests: counts, shares, latencies in milliseconds. */
final class ClientFigures {

  private final List<RecordedRequest> requests;
  private final double[] sorted;

  ClientFigures(List<RecordedRequest> requests) {
    this.requests = requests;
    this.sorted = requests.stream().mapToDouble(RecordedRequest::latencyMillis).sorted().toArray();
  }

  /**
   * @param statistic such as {@code p99} or {@code status.504}
   */
  OptionalDouble figure(String statistic) {
    int dot = statistic.indexOf('.');
    if (dot > 0) {
      String wanted = statistic.substring(dot + 1);
      return switch (statistic.substring(0, dot)) {
        case "status" -> of(count(r -> Integer.toString(r.status()).equals(wanted)));
        case "error" -> of(count(r -> r.meshError().equals(wanted)));
        case "outcome" -> of(count(r -> r.outcome().equals(wanted)));
        case "instance" -> of(count(r -> r.instance().equals(wanted)));
        default -> OptionalDouble.empty();
      };
    }
    return switch (statistic) {
      case "requests" -> of(requests.size());
      case "ok" -> of(count(RecordedRequest::ok));
      case "errors" -> of(requests.size() - count(RecordedRequest::ok));
      case "cleanShort" -> of(count(RecordedRequest::cleanShort));
      case "errorRate" -> share(requests.size() - count(RecordedRequest::ok));
      case "successRate" -> share(count(RecordedRequest::ok));
      case "unfinished" -> of(unfinished());
      case "p50" -> quantile(0.5);
      case "p90" -> quantile(0.9);
      case "p99" -> quantile(0.99);
      case "max" -> quantile(1);
      default -> OptionalDouble.empty();
    };
  }

  OptionalDouble quantile(double q) {
    return sorted.length == 0
        ? OptionalDouble.empty()
        : of(sorted[Math.clamp((long) Math.ceil(q * sorted.length) - 1, 0, sorted.length - 1)]);
  }

  /**
   * Numbers are given in turn: one that is missing between the first and the last was sent and
   * never ended.
   */
  private double unfinished() {
    long[] numbers = requests.stream().mapToLong(RecordedRequest::number).sorted().toArray();
    long missing =
        numbers.length == 0
            ? 0
            : numbers[numbers.length - 1]
                - numbers[0]
                + 1
                - Arrays.stream(numbers).distinct().count();
    return missing + count(r -> r.outcome().equals("timeout"));
  }

  private double count(java.util.function.Predicate<RecordedRequest> wanted) {
    return requests.stream().filter(wanted).count();
  }

  private OptionalDouble share(double part) {
    return requests.isEmpty() ? OptionalDouble.empty() : of(part / requests.size());
  }

  private static OptionalDouble of(double value) {
    return OptionalDouble.of(value);
  }
}
