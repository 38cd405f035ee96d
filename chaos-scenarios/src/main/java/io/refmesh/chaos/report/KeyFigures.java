package io.refmesh.chaos.report;

import io.refmesh.chaos.report.Observed.Figure;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The few measured figures that tell most about a scenario: what failed first, then times, shares,
 * latencies, counts.
 */
final class KeyFigures {

  /** As many as fit on a line. */
  private static final int MAX = 3;

  /** Prose longer than this is not a figure. */
  private static final int PROSE_MAX = 44;

  /**
   * Expectations that every scenario has: worth a word only when they fail, as are those about the
   * time before the fault.
   */
  private static final Set<String> EVERYWHERE = Set.of("steady-state", "counters-agree");

  /** Kinds of figures, the most telling first. */
  private static final List<String> TELLING =
      List.of(
          "successRate",
          "p99",
          "duplicates",
          "maxCancelDelay",
          "cancelled",
          "errorRate",
          "errors",
          "unfinished",
          "bytes",
          "minShare",
          "maxShare",
          "max",
          "p50",
          "ok");

  /** That all is well after the fault tells less than anything while it lasted. */
  private static final int LATER = 100;

  private static final Pattern LONG_MILLIS = Pattern.compile("\\b([0-9]{4,9}) ms\\b");

  private KeyFigures() {}

  private record Candidate(boolean failed, int rank, String text) {}

  static List<String> of(ScenarioVerdict scenario) {
    List<Candidate> candidates = new ArrayList<>();
    for (ExpectationVerdict expectation : scenario.expectations()) {
      boolean ordinary =
          EVERYWHERE.contains(expectation.id()) || expectation.window().equals("before");
      if (ordinary && expectation.result() == Result.PASSED) {
        continue;
      }
      candidate(expectation).ifPresent(candidates::add);
    }
    candidates.sort(
        Comparator.comparing(Candidate::failed).reversed().thenComparing(Candidate::rank));
    Set<String> told = new LinkedHashSet<>();
    candidates.forEach(candidate -> told.add(candidate.text()));
    return told.stream().limit(MAX).toList();
  }

  private static Optional<Candidate> candidate(ExpectationVerdict expectation) {
    boolean failed = expectation.result() == Result.FAILED;
    boolean healed = !failed && expectation.window().startsWith("after");
    String observed = expectation.observed();
    List<Figure> figures = Observed.in(observed).figures();
    if (figures.isEmpty()) {
      if (observed.startsWith("after ") || observed.startsWith("not within ")) {
        return Optional.of(new Candidate(failed, -1, expectation.id() + " " + inSeconds(observed)));
      }
      return observed.length() <= PROSE_MAX && !observed.isBlank()
          ? Optional.of(new Candidate(failed, TELLING.size() + 2, observed))
          : Optional.empty();
    }
    Optional<String> factor = factor(figures);
    if (factor.isPresent()) {
      return Optional.of(new Candidate(failed, 0, factor.get()));
    }
    return figures.stream()
        .filter(figure -> !figure.isBefore() && !figure.name().equals("seconds"))
        .min(Comparator.comparing(KeyFigures::rank))
        .map(figure -> new Candidate(failed, rank(figure) + (healed ? LATER : 0), figure.brief()));
  }

  /** {@code after 9400 ms} as {@code after 9.4 s}. */
  private static String inSeconds(String text) {
    return LONG_MILLIS.matcher(text).replaceAll(m -> Words.seconds(Long.parseLong(m.group(1))));
  }

  private static int rank(Figure figure) {
    int rank = TELLING.indexOf(figure.kind());
    return rank < 0 ? TELLING.size() + (figure.kind().equals("requests") ? 1 : 0) : rank;
  }

  /** How many requests a service got for each that its clients, all streams together, made. */
  private static Optional<String> factor(List<Figure> figures) {
    List<Figure> got = requests(figures, "server.");
    List<Figure> made = requests(figures, "client.");
    if (got.size() != 1 || made.isEmpty()) {
      return Optional.empty();
    }
    try {
      double clients = made.stream().mapToDouble(f -> Double.parseDouble(f.value())).sum();
      double factor = Double.parseDouble(got.getFirst().value()) / clients;
      String name = got.getFirst().name();
      String service = name.substring("server.".length(), name.length() - ".requests".length());
      return clients > 0
          ? Optional.of(String.format(Locale.ROOT, "load of %s %.2f\u00d7", service, factor))
          : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty(); // "not known"
    }
  }

  private static List<Figure> requests(List<Figure> figures, String side) {
    return figures.stream()
        .filter(f -> f.name().startsWith(side) && f.kind().equals("requests"))
        .toList();
  }
}
