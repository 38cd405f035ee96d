package io.refmesh.chaos.run;

import io.refmesh.chaos.expect.Binomial;
import io.refmesh.chaos.expect.Expression;
import io.refmesh.chaos.expect.Figures;
import io.refmesh.chaos.scenario.Expectation;
import io.refmesh.chaos.scenario.Expectation.Share;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** Decides whether an expectation holds. Pure. What is not known never holds. */
final class Judge {

  private Judge() {}

  /**
   * @param known whether everything was measured that the condition needs; a negative control
   *     counts as caught by a known failure only
   */
  record Judgement(ExpectationVerdict verdict, boolean known) {
    boolean failed() {
      return verdict.result() == Result.FAILED;
    }
  }

  /** An expectation about a window. */
  static Judgement window(Expectation expectation, Figures figures) {
    String expected = expectation.that();
    boolean holds;
    try {
      if (expectation.tolerance().isPresent()) {
        Share share = expectation.tolerance().get();
        double observed = require(figures, share.figure());
        long requests = (long) require(figures, share.requests());
        if (requests == 0) {
          return unknown(expectation, expected, "no requests in the window");
        }
        double bound =
            share.atLeast()
                ? Binomial.lowest(share.probability(), requests)
                : Binomial.highest(share.probability(), requests);
        holds = share.atLeast() ? observed >= bound : observed <= bound;
        expected +=
            String.format(
                Locale.ROOT,
                " (binomial tolerance for %d requests: %s %.4f)",
                requests,
                share.atLeast() ? "at least" : "at most",
                bound);
      } else {
        holds = expectation.condition().holds(figures);
      }
    } catch (Expression.UnknownFigureException e) {
      return unknown(expectation, expected, String.valueOf(e.getMessage()));
    }
    return new Judgement(
        verdict(expectation, holds, observed(expectation.condition(), figures), expected), true);
  }

  /**
   * An expectation about how long something takes.
   *
   * @param took empty when it did not happen in time
   * @param looked for how long it was looked for
   */
  static Judgement time(Expectation expectation, Optional<Duration> took, Duration looked) {
    Duration within = expectation.detectWithin().or(expectation::recoverWithin).orElseThrow();
    String what = expectation.detectWithin().isPresent() ? "beginning" : "end";
    String expected =
        expectation.that() + " within " + millis(within) + " of the " + what + " of the fault";
    String observed =
        took.map(time -> "after " + millis(time)).orElseGet(() -> "not within " + millis(looked));
    boolean holds = took.isPresent() && took.get().compareTo(within) <= 0;
    return new Judgement(verdict(expectation, holds, observed, expected), true);
  }

  static Judgement unknown(Expectation expectation, String expected, String why) {
    return new Judgement(verdict(expectation, false, "not known: " + why, expected), false);
  }

  private static ExpectationVerdict verdict(
      Expectation expectation, boolean holds, String observed, String expected) {
    return new ExpectationVerdict(
        expectation.id(),
        expectation.says(),
        windowText(expectation),
        holds ? Result.PASSED : Result.FAILED,
        observed,
        expected);
  }

  private static String windowText(Expectation expectation) {
    if (expectation.detectWithin().isPresent()) {
      return "from the fault";
    }
    if (expectation.recoverWithin().isPresent()) {
      return "after the fault";
    }
    return expectation.window().text()
        + (expectation.skip().isZero() ? "" : ", after its first " + millis(expectation.skip()));
  }

  private static double require(Figures figures, String name) {
    OptionalDouble value = figures.figure(name);
    if (value.isEmpty()) {
      // The one way to say so, with the same words.
      return new Expression.Figure(name).value(figures);
    }
    return value.getAsDouble();
  }

  /** Every figure of the condition with its value. */
  static String observed(Expression condition, Figures figures) {
    List<String> parts = new ArrayList<>();
    for (String name : condition.figures()) {
      OptionalDouble value = figures.figure(name);
      parts.add(name + " = " + (value.isEmpty() ? "not known" : text(name, value.getAsDouble())));
    }
    return String.join(", ", parts);
  }

  private static String text(String name, double value) {
    String last = name.substring(name.lastIndexOf('.') + 1);
    boolean time = last.matches("p[0-9]+|max|maxCancelDelay");
    String number =
        value == Math.rint(value) && Math.abs(value) < 1e15
            ? String.format(Locale.ROOT, "%d", (long) value)
            : String.format(Locale.ROOT, Math.abs(value) < 10 ? "%.4f" : "%.1f", value);
    return time ? number + " ms" : number;
  }

  private static String millis(Duration time) {
    return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }
}
