package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.ControlVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.RunVerdict;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * {@code report.html}: one file that needs nothing else, for a screen, a phone or paper. Its own
 * policy forbids every fetch and every script but the one in it, so that a hostile name in a
 * scenario stays text.
 */
final class HtmlReport {

  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("d MMMM yyyy, HH:mm 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private final Markup html = Markup.html();
  private final RunVerdict run;
  private final Totals totals;

  private HtmlReport(RunVerdict run) {
    this.run = run;
    this.totals = Totals.of(run);
  }

  static String of(RunVerdict run) {
    HtmlReport report = new HtmlReport(run);
    report.document();
    return report.html.text();
  }

  private void document() {
    html.open("html", "lang", "en").line();
    head();
    html.open("body").line();
    symbols();
    html.open("main").line();
    header();
    tiles();
    overview();
    for (int i = 0; i < run.scenarios().size(); i++) {
      new ScenarioSection(html, run.scenarios().get(i), anchor(i)).write();
    }
    howToRead();
    html.close().line();
    html.open("div", "id", "tip", "hidden", "").close();
    html.open("div", "id", "said", "class", "unseen", "aria-live", "polite").close().line();
    html.trusted("script", resource("report.js"));
    html.close().line().close().line();
  }

  private void head() {
    html.open("head").line();
    html.empty("meta", "charset", "utf-8").line();
    html.empty(
            "meta",
            "http-equiv",
            "Content-Security-Policy",
            "content",
            "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src '"
                + hash(resource("report.css"))
                + "'; script-src '"
                + hash(resource("report.js"))
                + "'")
        .line();
    html.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1").line();
    html.empty("meta", "name", "color-scheme", "content", "light dark").line();
    // Without it a browser asks for a favicon.
    html.empty("link", "rel", "icon", "href", "data:,").line();
    html.leaf("title", "Refmesh resilience report: " + totals.outcome()).line();
    html.trusted("style", resource("report.css"));
    html.close().line();
  }

  /** Signs with shapes of their own: a verdict must not hang on its colour. */
  private void symbols() {
    html.open("svg", "class", "unseen", "aria-hidden", "true", "width", "0", "height", "0");
    symbol(Result.PASSED, "M4 8.6l2.6 2.6L12 5.6");
    symbol(Result.FAILED, "M5 5l6 6M11 5l-6 6");
    symbol(Result.ABORTED, "M8 4v5M8 11.6v.4");
    symbol(Result.SKIPPED, "M4.5 8h7");
    html.close().line();
  }

  private void symbol(Result result, String path) {
    html.open("symbol", "id", "sign-" + result.text(), "viewBox", "0 0 16 16");
    html.empty("circle", "cx", "8", "cy", "8", "r", "8", "class", "disc");
    html.empty("path", "d", path, "class", "stroke");
    html.close();
  }

  private void header() {
    html.open("header").line();
    html.leaf("p", "Refmesh", "class", "brand").line();
    html.leaf("h1", "Resilience report").line();
    html.leaf("p", sentence(), "class", run.passed() ? "lead passed" : "lead failed").line();
    html.open("dl", "class", "facts").line();
    fact("Environment", run.environment());
    fact("Date", DATE.format(run.started()));
    fact("Seed", run.seed() + "");
    html.open("div", "class", "wide").leaf("dt", "Run it again");
    html.open("dd")
        .leaf("code", run.replay(), "class", "command", "title", "click to select")
        .close()
        .close()
        .line();
    html.close().line().close().line();
  }

  private String sentence() {
    if (run.passed()) {
      return totals.skipped() == 0
          ? "The mesh did what it promises in every scenario."
          : "The mesh did what it promises in every scenario that ran.";
    }
    if (totals.failed() > 0) {
      return "The mesh did not do what it promises in "
          + Words.counted(totals.failed(), "scenario")
          + ".";
    }
    return totals.aborted() > 0
        ? Words.counted(totals.aborted(), "scenario") + " could not be finished."
        : "No scenario ran.";
  }

  private void fact(String name, String value) {
    html.open("div").leaf("dt", name).leaf("dd", value).close().line();
  }

  private void tiles() {
    html.open("ul", "class", "tiles", "aria-label", "Summary").line();
    tile(totals.passed() + "", " of " + totals.scenarios(), "scenarios passed", run.passed());
    tile(
        totals.held() + "",
        " of " + totals.expectations(),
        "expectations held",
        totals.held() == totals.expectations());
    tile(
        totals.caught() + "",
        " of " + totals.controls(),
        "negative controls caught",
        totals.caught() == totals.controls());
    tile(Words.count(totals.requests()), "", "requests recorded", true);
    tile(Words.seconds(totals.durationMillis()), "", "from start to verdict", true);
    html.close().line();
  }

  private void tile(String number, String of, String what, boolean good) {
    html.open("li", "class", good ? "tile" : "tile bad");
    html.open("span", "class", "number").text(number).leaf("small", of).close();
    html.leaf("span", what, "class", "what").close().line();
  }

  private void overview() {
    html.open("section", "aria-labelledby", "overview").line();
    html.leaf("h2", "Overview", "id", "overview").line();
    html.open("table", "class", "overview stacked").line();
    html.open("thead").open("tr");
    for (String column : List.of("Scenario", "Verdict", "Observed")) {
      html.leaf("th", column, "scope", "col");
    }
    html.open("th", "scope", "col", "class", "spark")
        .text("Latency ")
        .leaf("small", "p99, faults shaded")
        .close();
    html.leaf("th", "Controls", "scope", "col")
        .leaf("th", "Seconds", "scope", "col", "class", "right");
    html.close().close().line().open("tbody").line();
    for (int i = 0; i < run.scenarios().size(); i++) {
      row(run.scenarios().get(i), anchor(i));
    }
    html.close().line().close().line().close().line();
  }

  private void row(ScenarioVerdict scenario, String anchor) {
    html.open("tr");
    html.open("th", "scope", "row");
    html.leaf("a", scenario.name(), "href", "#" + anchor).leaf("small", scenario.title()).close();
    html.open("td", "data-label", "Verdict");
    badge(html, scenario.result());
    html.close();
    html.open("td", "data-label", "Observed", "class", "key");
    if (scenario.result() != Result.PASSED && !scenario.reason().isEmpty()) {
      html.leaf(
          "span", scenario.reason(), "class", scenario.result() == Result.SKIPPED ? "" : "why");
    }
    KeyFigures.of(scenario).forEach(figure -> html.leaf("span", figure));
    html.close();
    html.open("td", "data-label", "Latency", "class", "spark");
    new Sparkline(html, scenario.timeline()).draw();
    html.close();
    html.leaf(
        "td", controls(scenario), "data-label", "Controls", "class", missed(scenario) ? "bad" : "");
    html.leaf(
        "td",
        scenario.result() == Result.SKIPPED
            ? "\u2013"
            : String.format(Locale.ROOT, "%.1f", scenario.durationMillis() / 1000.0),
        "data-label",
        "Seconds",
        "class",
        "right");
    html.close().line();
  }

  static void badge(Markup html, Result result) {
    html.open("span", "class", "badge " + result.text());
    html.open("svg", "aria-hidden", "true", "viewBox", "0 0 16 16");
    html.empty("use", "href", "#sign-" + result.text());
    html.close().text(result.text()).close();
  }

  private static boolean missed(ScenarioVerdict scenario) {
    return scenario.negativeControls().stream().anyMatch(control -> !control.caught());
  }

  private static String controls(ScenarioVerdict scenario) {
    List<ControlVerdict> controls = scenario.negativeControls();
    return controls.isEmpty()
        ? "\u2013"
        : Words.matching(controls, ControlVerdict::caught) + " of " + controls.size() + " caught";
  }

  private void howToRead() {
    html.open("footer").line();
    html.leaf("h2", "How to read this").line();
    List<String> sentences = new ArrayList<>();
    sentences.add(
        "Each scenario runs under constant load from a generator that has a sidecar of its own. Requests are counted to a window by"
            + " the time at which they were meant to start, so a stall cannot hide requests that were never sent.");
    sentences.add(
        "The first act is the scenario itself. In each negative control the mesh is broken on purpose, and an expectation has to fail:"
            + " a control that is missed means that the scenario would not have noticed.");
    sentences.add(
        "Counts are exact. Shares have a binomial tolerance, stated with each, that a sound mesh misses in one run of a thousand. What"
            + " was not measured counts as failed.");
    sentences.forEach(sentence -> html.leaf("p", sentence).line());
    html.close().line();
  }

  /** A name fit for a link, or the number of the scenario. */
  private String anchor(int scenario) {
    String name = run.scenarios().get(scenario).name();
    return name.matches("[a-z][a-z0-9-]{0,60}") ? "scenario-" + name : "scenario-" + (scenario + 1);
  }

  static String resource(String name) {
    try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(
            name + " is not on the class path (expected: beside this class)");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String hash(String source) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(source.getBytes(StandardCharsets.UTF_8));
      return "sha256-" + Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
