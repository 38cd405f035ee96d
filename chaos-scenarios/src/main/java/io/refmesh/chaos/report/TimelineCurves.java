package io.refmesh.chaos.report;

import io.refmesh.chaos.report.Svg.Anchor;
import io.refmesh.chaos.report.TimelinePlot.Panel;
import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Bin;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** The measured curves of a timeline, one colour for each stream. Used once. */
final class TimelineCurves {

  private final Svg svg;
  private final Timeline timeline;
  private final TimeAxis time;
  private final List<Limit> limits;
  private final List<String> streams;

  TimelineCurves(Svg svg, Timeline timeline, TimeAxis time, List<Limit> limits) {
    this.svg = svg;
    this.timeline = timeline;
    this.time = time;
    this.limits = limits;
    this.streams = TimelinePlot.streams(timeline);
  }

  void latencies(Panel panel) {
    List<Bin> shown = shown().stream().filter(bin -> bin.maxMillis() >= 0).toList();
    double smallest = shown.stream().mapToDouble(Bin::p50Millis).min().orElse(1);
    double largest =
        Math.max(
            shown.stream().mapToDouble(Bin::maxMillis).max().orElse(10),
            limits.stream().mapToDouble(Limit::millis).max().orElse(0));
    LogScale scale = LogScale.of(smallest, largest, panel.bottom(), panel.top());
    caption("latency", panel);
    scale.ticks().forEach(tick -> horizontal(scale.y(tick), LogScale.label(tick)));
    limits.forEach(limit -> limit(limit, scale));
    for (int i = 0; i < streams.size(); i++) {
      List<Bin> own = of(shown, streams.get(i));
      series(i);
      own.forEach(bin -> svg.dot("max", middle(bin), scale.y(bin.maxMillis()), 1.6));
      svg.path("p50", path(own, bin -> scale.y(bin.p50Millis())));
      svg.path("p99", path(own, bin -> scale.y(bin.p99Millis())));
      svg.end();
    }
  }

  /**
   * In the windows that it is about, in the colour of its stream; in no colour when it is about
   * several.
   */
  private void limit(Limit limit, LogScale scale) {
    String colour =
        limit.streams().size() == 1
            ? TimelinePlot.colour(Math.max(0, streams.indexOf(limit.streams().getFirst())))
            : "many";
    String label = limit.kind() + " \u2264 " + Words.limit(limit.millis());
    double y = scale.y(limit.millis());
    for (Span window : timeline.windows()) {
      if (TimelinePlot.real(window)
          && (limit.window().equals("all") || limit.window().equals(window.name()))) {
        double x = time.x(window.fromMillis());
        svg.group("limit " + colour)
            .title("expected of " + String.join(", ", limit.streams()) + ": " + label);
        svg.line("limit", x, y, time.x(window.toMillis()), y);
        svg.text("limit", Anchor.START, x + 4, y - 4, "limit: " + label);
        svg.end();
      }
    }
  }

  void requests(Panel panel) {
    List<Bin> shown = shown();
    Map<Long, Integer> errors = new TreeMap<>();
    shown.forEach(bin -> errors.merge(bin.atMillis(), bin.errors(), Integer::sum));
    double most =
        Math.max(
            shown.stream().mapToDouble(bin -> perSecond(bin.requests())).max().orElse(1),
            errors.values().stream().mapToDouble(TimelineCurves::perSecond).max().orElse(1));
    double step = step(most);
    double highest = Math.max(step, Math.ceil(most / step) * step);
    double each = panel.height() / highest;
    caption("requests", panel);
    for (double tick = 0; tick <= highest * 1.0001; tick += step) {
      horizontal(panel.bottom() - tick * each, Math.round(tick) + "/s");
    }
    errors.forEach((at, count) -> {
      if (count > 0) {
        double height = Math.max(2, perSecond(count) * each);
        double x = time.x(at);
        svg.rect(
            "error",
            x + 0.4,
            panel.bottom() - height,
            time.x(at + Bin.WIDTH_MILLIS) - x - 0.8,
            height,
            0);
      }
    });
    for (int i = 0; i < streams.size(); i++) {
      series(i);
      svg.path(
          "rate",
          path(
              of(shown, streams.get(i)), bin -> panel.bottom() - perSecond(bin.requests()) * each));
      svg.end();
    }
  }

  static double perSecond(int inBin) {
    return inBin * 1000.0 / Bin.WIDTH_MILLIS;
  }

  private List<Bin> shown() {
    return timeline.bins().stream().filter(bin -> time.shows(bin.atMillis())).toList();
  }

  private static List<Bin> of(List<Bin> bins, String stream) {
    return bins.stream().filter(bin -> bin.stream().equals(stream)).toList();
  }

  private void series(int stream) {
    svg.markup()
        .open(
            "g",
            "class",
            "series " + TimelinePlot.colour(stream),
            "data-stream",
            streams.get(stream));
  }

  private void caption(String text, Panel panel) {
    svg.text("axis", Anchor.END, time.left() - 8, panel.top() - 12, text);
  }

  private void horizontal(double y, String label) {
    svg.line("grid", time.left(), y, time.right(), y);
    svg.text("tick", Anchor.END, time.left() - 8, y + 4, label);
  }

  /** A line that breaks where steps are missing. */
  private String path(List<Bin> bins, ToDoubleFunction<Bin> y) {
    StringBuilder path = new StringBuilder();
    long expected = Long.MIN_VALUE;
    for (Bin bin : bins) {
      path.append(bin.atMillis() == expected ? 'L' : 'M');
      path.append(Svg.at(middle(bin))).append(' ').append(Svg.at(y.applyAsDouble(bin)));
      expected = bin.atMillis() + Bin.WIDTH_MILLIS;
    }
    return path.toString();
  }

  private double middle(Bin bin) {
    return time.x(bin.atMillis() + Bin.WIDTH_MILLIS / 2.0);
  }

  /** A round number of which two to five fit below the highest value. */
  private static double step(double most) {
    double decade = Math.pow(10, Math.floor(Math.log10(Math.max(most, 1)) + 1e-9));
    double share = most / decade;
    return Math.max(1, decade * (share <= 2 ? 0.5 : share <= 4 ? 1 : 2));
  }
}
