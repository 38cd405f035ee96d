package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Bin;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.util.List;

/**
 * A timeline in numbers, folded: for those who cannot see the picture and those who want to quote
 * it.
 */
final class WindowFigures {

  private final Markup html;
  private final Timeline timeline;

  WindowFigures(Markup html, Timeline timeline) {
    this.html = html;
    this.timeline = timeline;
  }

  void write() {
    html.open("details").leaf("summary", "Figures of each window");
    html.open(
        "div",
        "class",
        "scroll",
        "tabindex",
        "0",
        "role",
        "group",
        "aria-label",
        "Figures of each window");
    html.open("table", "class", "figures").line().open("thead").open("tr");
    for (String column : List.of("Act", "Window", "Stream")) {
      html.leaf("th", column, "scope", "col");
    }
    for (String column : List.of("Requests", "Errors", "Median p50", "Highest p99", "Maximum")) {
      html.leaf("th", column, "scope", "col", "class", "right");
    }
    html.close().close().line().open("tbody").line();
    for (Span window : timeline.windows()) {
      for (String stream : TimelinePlot.streams(timeline)) {
        row(window, stream);
      }
    }
    html.close().line().close().line();
    html.leaf("p", "Percentiles are those of half seconds.", "class", "note")
        .close()
        .close()
        .line();
  }

  private void row(Span window, String stream) {
    List<Bin> bins =
        timeline.bins().stream()
            .filter(bin -> bin.stream().equals(stream))
            .filter(bin ->
                bin.atMillis() + Bin.WIDTH_MILLIS / 2 >= window.fromMillis()
                    && bin.atMillis() + Bin.WIDTH_MILLIS / 2 < window.toMillis())
            .toList();
    if (bins.isEmpty()) {
      return;
    }
    double[] medians =
        bins.stream().mapToDouble(Bin::p50Millis).filter(p -> p >= 0).sorted().toArray();
    html.open("tr");
    html.leaf("td", TimelinePlot.real(window) ? "scenario" : window.act());
    html.leaf("td", window.name()).leaf("td", stream);
    number(Words.count(bins.stream().mapToLong(Bin::requests).sum()));
    number(Words.count(bins.stream().mapToLong(Bin::errors).sum()));
    number(latency(medians.length == 0 ? -1 : medians[medians.length / 2]));
    number(latency(bins.stream().mapToDouble(Bin::p99Millis).max().orElse(-1)));
    number(latency(bins.stream().mapToDouble(Bin::maxMillis).max().orElse(-1)));
    html.close().line();
  }

  private void number(String text) {
    html.leaf("td", text, "class", "right");
  }

  private static String latency(double millis) {
    return millis < 0 ? "\u2013" : Words.millis(millis);
  }
}
