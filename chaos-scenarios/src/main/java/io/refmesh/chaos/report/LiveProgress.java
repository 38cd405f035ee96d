package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.ControlVerdict;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;

/**
 * A run as it goes on, line by line. On a terminal the line of the present window is written in
 * place; elsewhere a window gets one line when it begins and one at most every {@link #LINE_EVERY}.
 * Safe on any thread.
 */
public final class LiveProgress {

  /** A log of eight minutes stays readable. */
  static final Duration LINE_EVERY = Duration.ofSeconds(5);

  private static final String REAL = "real";

  /** To the first column, and nothing right of it. */
  private static final String OVERWRITE = "\r\u001b[2K";

  private final PrintWriter out;
  private final boolean tty;
  private final InstantSource clock;
  private final Style style;

  private Duration length = Duration.ZERO;
  private Instant began;
  private Instant printed;
  private boolean open;

  public LiveProgress(PrintWriter out, boolean tty) {
    this(out, tty, InstantSource.system());
  }

  LiveProgress(PrintWriter out, boolean tty, InstantSource clock) {
    this.out = out;
    this.tty = tty;
    this.clock = clock;
    this.style = new Style(tty);
    this.began = clock.instant();
    this.printed = began;
  }

  public synchronized void scenarioStarted(String name, String title) {
    line("");
    line(style.bold(name) + "  " + title);
  }

  /** {@code real}, or the name of a negative control. */
  public synchronized void act(String name) {
    line(name.equals(REAL) ? "  real" : "  control " + name);
  }

  public synchronized void window(String name, Duration length) {
    endOpenLine();
    this.length = length;
    began = clock.instant();
    printed = began;
    if (tty) {
      overwrite(String.format(Locale.ROOT, "    %-8s %5.1f s of %s", name, 0.0, length(length)));
    } else {
      line(String.format(Locale.ROOT, "    %-8s %s", name, length(length)));
    }
  }

  /**
   * How the present window goes.
   *
   * @param errors in the same time as the rate
   */
  public synchronized void tick(String window, double ratePerSecond, long errors) {
    Instant now = clock.instant();
    if (!tty && Duration.between(printed, now).compareTo(LINE_EVERY) < 0) {
      return;
    }
    printed = now;
    String count = Words.counted(errors, "error");
    String text =
        String.format(
            Locale.ROOT,
            "    %-8s %5.1f s of %-6s %8.1f/s  %s",
            window,
            Duration.between(began, now).toMillis() / 1000.0,
            length(length),
            ratePerSecond,
            errors == 0 ? style.dim(count) : count);
    if (tty) {
      overwrite(text);
    } else {
      line(text);
    }
  }

  public synchronized void say(String text) {
    line("    " + text);
  }

  /** Result, duration, and everything that did not go as it should. */
  public synchronized void scenarioEnded(ScenarioVerdict scenario) {
    List<ExpectationVerdict> expectations = scenario.expectations();
    List<ControlVerdict> controls = scenario.negativeControls();
    StringBuilder summary = new StringBuilder();
    summary.append("  ").append(style.result(scenario.result()));
    summary.append(" after ").append(Words.seconds(scenario.durationMillis()));
    if (!expectations.isEmpty()) {
      long held = Words.matching(expectations, e -> e.result() == Result.PASSED);
      summary
          .append("   ")
          .append(held)
          .append(" of ")
          .append(Words.counted(expectations.size(), "expectation"))
          .append(" held");
    }
    if (!controls.isEmpty()) {
      long caught = Words.matching(controls, ControlVerdict::caught);
      summary
          .append(", ")
          .append(caught)
          .append(" of ")
          .append(Words.counted(controls.size(), "control"))
          .append(" caught");
    }
    line(summary.toString());
    if (scenario.result() != Result.PASSED && !scenario.reason().isEmpty()) {
      line("    " + scenario.reason());
    }
    for (ExpectationVerdict expectation : expectations) {
      if (expectation.result() != Result.PASSED) {
        finding(
            style.bad(expectation.id()),
            expectation.window(),
            expectation.observed(),
            expectation.expected());
      }
    }
    for (ControlVerdict control : controls) {
      if (control.caught()) {
        line(
            "    control "
                + control.name()
                + " "
                + style.good("caught")
                + " by "
                + Words.names(control.by()));
      } else {
        finding(
            "control " + control.name() + " " + style.bad("missed"),
            control.says(),
            control.observed(),
            "a failure of " + Words.names(control.by()));
      }
    }
  }

  private void finding(String what, String where, String observed, String expected) {
    line("    " + what + (where.isEmpty() ? "" : "  " + style.dim(where)));
    line("      observed  " + observed);
    line("      expected  " + expected);
  }

  private void line(String text) {
    endOpenLine();
    out.println(text);
    out.flush();
  }

  private void overwrite(String text) {
    out.print(OVERWRITE + text);
    out.flush();
    open = true;
  }

  private void endOpenLine() {
    if (open) {
      out.println();
      open = false;
    }
  }

  private static String length(Duration length) {
    return length.toMillis() % 1000 == 0
        ? length.toSeconds() + " s"
        : String.format(Locale.ROOT, "%.1f s", length.toMillis() / 1000.0);
  }
}
