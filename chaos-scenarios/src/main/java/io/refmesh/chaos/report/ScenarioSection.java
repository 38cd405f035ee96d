package io.refmesh.chaos.report;

import io.refmesh.chaos.report.Observed.Figure;
import io.refmesh.chaos.verdict.ControlVerdict;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One scenario of the report: story, picture, expectations, negative controls, figures. Used once.
 */
final class ScenarioSection {

  /** Longer lists are folded. */
  private static final int FACTS_MAX = 4;

  private final Markup html;
  private final ScenarioVerdict scenario;
  private final String anchor;

  ScenarioSection(Markup html, ScenarioVerdict scenario, String anchor) {
    this.html = html;
    this.scenario = scenario;
    this.anchor = anchor;
  }

  void write() {
    html.open("section", "class", "scenario", "id", anchor, "aria-labelledby", anchor + "-name")
        .line();
    heading();
    html.leaf("p", scenario.story(), "class", "story").line();
    if (scenario.result() != Result.PASSED && !scenario.reason().isEmpty()) {
      html.leaf("p", scenario.reason(), "class", "reason " + scenario.result().text()).line();
    }
    if (!scenario.timeline().windows().isEmpty() || !scenario.timeline().bins().isEmpty()) {
      figure();
    }
    if (!scenario.expectations().isEmpty()) {
      expectations();
    }
    if (!scenario.negativeControls().isEmpty()) {
      controls();
    }
    html.close().line();
  }

  private void heading() {
    html.open("div", "class", "heading");
    html.open("h2", "id", anchor + "-name");
    html.leaf("span", scenario.name(), "class", "id").text(" ").text(scenario.title()).close();
    html.open("p", "class", "ending");
    HtmlReport.badge(html, scenario.result());
    if (scenario.result() != Result.SKIPPED) {
      html.leaf("span", Words.seconds(scenario.durationMillis()));
    }
    html.leaf("a", "Overview", "href", "#overview", "class", "up");
    html.close().close().line();
  }

  private void figure() {
    Timeline timeline = scenario.timeline();
    List<String> streams = TimelinePlot.streams(timeline);
    html.open("figure").line();
    html.open("div", "class", "legend", "aria-hidden", "true");
    for (int i = 0; i < streams.size(); i++) {
      html.open("span", "class", "stream " + TimelinePlot.colour(i))
          .leaf("i", "")
          .text(streams.get(i))
          .close();
    }
    html.open("span", "class", "key-p99").leaf("i", "").text("p99").close();
    html.open("span", "class", "key-p50").leaf("i", "").text("p50").close();
    html.open("span", "class", "key-max").leaf("i", "").text("max").close();
    html.open("span", "class", "key-error").leaf("i", "").text("errors").close();
    html.open("span", "class", "key-fault").leaf("i", "").text("fault").close();
    if (!scenario.negativeControls().isEmpty() || TimelinePlot.acts(timeline).size() > 1) {
      html.open("span", "class", "key-control").leaf("i", "").text("negative control").close();
    }
    html.leaf("span", "latencies of each half second, by intended start");
    html.close().line();
    html.open(
            "div",
            "class",
            "scroll",
            "tabindex",
            "0",
            "role",
            "group",
            "aria-label",
            "Timeline of " + scenario.name() + "; the arrow keys move through time")
        .line();
    new TimelinePlot(html, anchor, timeline, Limit.in(scenario.expectations()))
        .draw("Timeline of " + scenario.name(), description(timeline));
    html.close().line();
    new WindowFigures(html, timeline).write();
    html.close().line();
  }

  private static String description(Timeline timeline) {
    StringBuilder text = new StringBuilder("Latency, requests and errors over time. ");
    for (Span fault : timeline.faults()) {
      text.append("Fault ").append(fault.name()).append(" from ");
      text.append(Words.seconds(fault.fromMillis()))
          .append(" to ")
          .append(Words.seconds(fault.toMillis()));
      text.append(
          TimelinePlot.real(fault) ? ". " : " in the negative control " + fault.act() + ". ");
    }
    timeline
        .marks()
        .forEach(m ->
            text.append(m.name()).append(" at ").append(Words.seconds(m.atMillis())).append(". "));
    return text.append("The table below gives the figures of each window.").toString();
  }

  private void expectations() {
    html.leaf("h3", "Expectations").line();
    html.open("table", "class", "expectations stacked").line().open("thead").open("tr");
    for (String column : List.of("Expectation", "Window", "Observed", "Expected", "Result")) {
      html.leaf("th", column, "scope", "col");
    }
    html.close().close().line().open("tbody").line();
    for (ExpectationVerdict expectation : scenario.expectations()) {
      html.open("tr", "class", expectation.result().text());
      html.open("th", "scope", "row").leaf("span", expectation.id(), "class", "id");
      html.leaf("small", expectation.says()).close();
      html.leaf("td", expectation.window(), "data-label", "Window");
      html.open("td", "data-label", "Observed", "class", "observed");
      observed(expectation.observed(), expectation.result() != Result.PASSED);
      html.close();
      html.open("td", "data-label", "Expected", "class", "expected").open("span");
      breakable(expectation.expected());
      html.close().close();
      html.open("td", "data-label", "Result");
      HtmlReport.badge(html, expectation.result());
      html.close().close().line();
    }
    html.close().line().close().line();
  }

  private void controls() {
    html.leaf("h3", "Negative controls").line();
    html.leaf("p", "The mesh, broken on purpose: the scenario has to notice.", "class", "note")
        .line();
    html.open("table", "class", "controls stacked").line().open("thead").open("tr");
    for (String column :
        List.of("Control", "Noticed by", "Observed in the broken mesh", "Result")) {
      html.leaf("th", column, "scope", "col");
    }
    html.close().close().line().open("tbody").line();
    for (ControlVerdict control : scenario.negativeControls()) {
      html.open("tr", "class", control.caught() ? "passed" : "failed");
      html.open("th", "scope", "row").leaf("span", control.name(), "class", "id");
      html.leaf("small", control.says()).close();
      html.open("td", "data-label", control.caught() ? "Noticed by" : "Not noticed by");
      html.open("span");
      if (!control.caught()) {
        html.text("not by ");
      }
      html.leaf("span", Words.names(control.by()), "class", "id").close().close();
      html.open("td", "data-label", "Observed", "class", "observed");
      observed(control.observed(), !control.caught());
      html.close();
      html.open("td", "data-label", "Result");
      html.open("span", "class", control.caught() ? "badge passed" : "badge failed");
      html.open("svg", "aria-hidden", "true", "viewBox", "0 0 16 16");
      html.empty("use", "href", control.caught() ? "#sign-passed" : "#sign-failed");
      html.close().text(control.caught() ? "caught" : "missed").close().close().close().line();
    }
    html.close().line().close().line();
  }

  /**
   * Figures below each other with their values aligned; prose as it is; long lists folded unless
   * something failed.
   */
  private void observed(String text, boolean unfolded) {
    List<Fact> facts = Stream.of(text.split("; ", -1)).map(Fact::of).toList();
    boolean folded = facts.size() > FACTS_MAX && !unfolded;
    if (folded) {
      html.open("details").leaf("summary", facts.size() + " facts");
    }
    html.open("ul");
    for (Fact fact : facts) {
      html.open("li");
      if (fact.figures().isEmpty()) {
        html.text(fact.text());
      } else {
        // One expectation alone is named beside it already.
        if (facts.size() > 1 && !fact.by().isEmpty()) {
          html.leaf("span", fact.by(), "class", "id");
        }
        figures(fact.figures());
      }
      html.close();
    }
    html.close();
    if (folded) {
      html.close();
    }
  }

  private void figures(List<Figure> figures) {
    html.open("dl", "class", "measured");
    for (Figure figure : figures) {
      html.open("div").open("dt");
      breakable(figure.name());
      html.close().leaf("dd", figure.value()).close();
    }
    html.close();
  }

  /**
   * One part of an observation.
   *
   * @param by the expectation that measured it; empty when that is clear
   * @param figures none in prose
   */
  private record Fact(String text, String by, List<Figure> figures) {

    private static final Pattern NAMED = Pattern.compile("([a-z0-9-]+): (.*)", Pattern.DOTALL);

    static Fact of(String text) {
      Matcher named = NAMED.matcher(text);
      return named.matches()
          ? new Fact(text, named.group(1), Observed.in(named.group(2)).figures())
          : new Fact(text, "", Observed.in(text).figures());
    }
  }

  /** A long name breaks between its words. */
  private void breakable(String name) {
    for (String part : name.split("(?<=[A-Za-z][.,{=])(?=[A-Za-z])|(?<=[a-z])(?=[A-Z_])", -1)) {
      html.text(part).empty("wbr");
    }
  }
}
