package io.refmesh.chaos.observe;

import io.refmesh.chaos.expect.Figures;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * The figures of one window, by the names that scenarios use (docs/reference/scenarios.md). One
 * thread at a time.
 */
final class WindowFigures implements Figures {

  private final double seconds;
  private final Function<String, List<RecordedRequest>> requestsOf;
  private final CounterFigures counters;
  private final Function<String, OptionalDouble> certificates;
  private final Optional<Figures> before;
  private final Map<String, ClientFigures> streams = new HashMap<>();

  /**
   * @param requestsOf the requests of a stream that belong to the window
   */
  WindowFigures(
      double seconds,
      Function<String, List<RecordedRequest>> requestsOf,
      CounterFigures counters,
      Function<String, OptionalDouble> certificates,
      Optional<Figures> before) {
    this.seconds = seconds;
    this.requestsOf = requestsOf;
    this.counters = counters;
    this.certificates = certificates;
    this.before = before;
  }

  @Override
  public OptionalDouble figure(String name) {
    if (name.equals("seconds")) {
      return OptionalDouble.of(seconds);
    }
    int dot = name.indexOf('.');
    if (dot < 0) {
      return OptionalDouble.empty();
    }
    String rest = name.substring(dot + 1);
    return switch (name.substring(0, dot)) {
      case "client" -> client(rest);
      case "server" -> server(rest);
      case "mesh" -> counters.growth(rest);
      case "gauge" -> counters.gauge(rest);
      case "certs" -> certificates.apply(rest);
      case "before" -> before.map(figures -> figures.figure(rest)).orElse(OptionalDouble.empty());
      default -> OptionalDouble.empty();
    };
  }

  private OptionalDouble client(String name) {
    int dot = name.indexOf('.');
    if (dot < 0) {
      return OptionalDouble.empty();
    }
    return streams
        .computeIfAbsent(
            name.substring(0, dot), stream -> new ClientFigures(requestsOf.apply(stream)))
        .figure(name.substring(dot + 1));
  }

  private OptionalDouble server(String name) {
    int dot = name.indexOf('.');
    return dot < 0
        ? OptionalDouble.empty()
        : counters.server(name.substring(0, dot), name.substring(dot + 1));
  }
}
