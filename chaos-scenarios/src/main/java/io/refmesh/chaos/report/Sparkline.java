package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Bin;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.util.List;

/**
 * A timeline in the size of a word: the 99th percentile of each stream while the scenario itself
 * runs, its faults shaded.
 */
final class Sparkline {

  private static final double WIDTH = 150;
  private static final double HEIGHT = 34;

  private final Markup svg;
  private final Timeline timeline;

  Sparkline(Markup svg, Timeline timeline) {
    this.svg = svg;
    this.timeline = timeline;
  }

  void draw() {
    Timeline real =
        new Timeline(
            timeline.windows().stream().filter(TimelinePlot::real).toList(),
            timeline.faults().stream().filter(TimelinePlot::real).toList(),
            List.of(),
            List.of());
    if (real.windows().isEmpty()) {
      return;
    }
    TimeAxis time = TimeAxis.of(real, 0, WIDTH);
    List<Bin> bins =
        timeline.bins().stream()
            .filter(bin -> time.shows(bin.atMillis()) && bin.p99Millis() >= 0)
            .toList();
    // The same scale in every row, so that rows compare.
    LogScale scale = new LogScale(0.5, 10_000, HEIGHT - 1, 1);
    svg.open("svg", "class", "sparkline", "viewBox", "0 0 150 34", "aria-hidden", "true");
    svg.empty("rect", "class", "ground", "width", "150", "height", "34", "rx", "3");
    for (Span fault : real.faults()) {
      double x = time.x(fault.fromMillis());
      svg.empty(
          "rect",
          "class",
          "shade",
          "x",
          Svg.at(x),
          "width",
          Svg.at(Math.max(1, time.x(fault.toMillis()) - x)),
          "height",
          Svg.at(HEIGHT));
    }
    List<String> streams = TimelinePlot.streams(timeline);
    for (int i = 0; i < streams.size(); i++) {
      String stream = streams.get(i);
      StringBuilder path = new StringBuilder();
      for (Bin bin : bins) {
        if (bin.stream().equals(stream)) {
          path.append(path.isEmpty() ? 'M' : 'L')
              .append(Svg.at(time.x(bin.atMillis() + Bin.WIDTH_MILLIS / 2.0)));
          path.append(' ').append(Svg.at(scale.y(bin.p99Millis())));
        }
      }
      svg.empty("path", "class", TimelinePlot.colour(i), "d", path.toString());
    }
    svg.close();
  }
}
