package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Bin;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The picture of one scenario, an SVG whose parts share one time axis:
 *
 * <pre>
 *   acts        | scenario                      | negative control |     TimelineBands
 *   windows     | before | during     | after   | before | during  |
 *   faults               [ latency    ]                  [ latency ]
 *   marks                  v detected   v recovered
 *   latency     p50, p99 and max of each stream, logarithmic             TimelineCurves
 *   requests    per second and stream, errors as bars
 * </pre>
 *
 * Used once.
 */
final class TimelinePlot {

  private static final double WIDTH = 1040;
  private static final double LEFT = 64;
  private static final double RIGHT = WIDTH - 8;
  private static final double LATENCY_HEIGHT = 200;
  private static final double REQUESTS_HEIGHT = 110;

  /** As many colours as can be told apart; a seventh stream would begin anew. */
  private static final int COLOURS = 6;

  private static final String REAL = "real";

  private final Markup markup;
  private final Timeline timeline;
  private final List<Limit> limits;
  private final TimeAxis time;
  private final String id;

  TimelinePlot(Markup markup, String id, Timeline timeline, List<Limit> limits) {
    this.markup = markup;
    this.id = id;
    this.timeline = timeline;
    this.limits = limits;
    this.time = TimeAxis.of(timeline, LEFT, RIGHT);
  }

  static List<String> streams(Timeline timeline) {
    return timeline.bins().stream().map(Bin::stream).distinct().sorted().toList();
  }

  static String colour(int stream) {
    return "s" + stream % COLOURS;
  }

  /** From the first to the last window of each act, in the order in which they ran. */
  static List<Span> acts(Timeline timeline) {
    Map<String, Span> acts = new LinkedHashMap<>();
    for (Span window : timeline.windows()) {
      acts.merge(
          window.act(),
          new Span(window.act(), window.act(), window.fromMillis(), window.toMillis()),
          (a, b) ->
              new Span(
                  a.name(),
                  a.act(),
                  Math.min(a.fromMillis(), b.fromMillis()),
                  Math.max(a.toMillis(), b.toMillis())));
    }
    return List.copyOf(acts.values());
  }

  static boolean real(Span span) {
    return span.act().equals(REAL);
  }

  static String seconds(long millis) {
    return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
  }

  void draw(String title, String description) {
    Svg svg = new Svg(markup);
    TimelineBands bands = new TimelineBands(svg, timeline, time, id + "-hatch");
    TimelineCurves curves = new TimelineCurves(svg, timeline, time, limits);
    Panel latency = Panel.below(bands.height() + 14, LATENCY_HEIGHT);
    Panel requests = Panel.below(latency.bottom() + 34, REQUESTS_HEIGHT);

    markup.open(
        "svg",
        "class",
        "plot",
        "viewBox",
        "0 0 " + Svg.at(WIDTH) + " " + Svg.at(requests.bottom() + 40),
        "role",
        "img",
        "aria-labelledby",
        id + "-title " + id + "-text");
    markup.leaf("title", title, "id", id + "-title");
    markup.leaf("desc", description, "id", id + "-text").line();
    bands.behind(latency);
    bands.behind(requests);
    bands.draw();
    timeGrid(svg, latency, requests);
    curves.latencies(latency);
    curves.requests(requests);
    bands.marks(latency);
    svg.line("cursor", 0, latency.top(), 0, requests.bottom());
    columns(svg, latency.top(), requests.bottom());
    markup.close().line();
  }

  /** A part of the picture with an axis of its own, over the whole time. */
  record Panel(double top, double bottom) {
    static Panel below(double top, double height) {
      return new Panel(top, top + height);
    }

    double height() {
      return bottom - top;
    }
  }

  private void timeGrid(Svg svg, Panel latency, Panel requests) {
    double bottom = requests.bottom();
    for (long tick : time.ticks()) {
      double x = time.x(tick);
      svg.line("grid", x, latency.top(), x, latency.bottom());
      svg.line("grid", x, requests.top(), x, bottom);
      svg.text("tick", Svg.Anchor.MIDDLE, x, bottom + 16, tick / 1000 + "");
    }
    svg.text(
        "axis", Svg.Anchor.MIDDLE, (LEFT + RIGHT) / 2, bottom + 34, "seconds since the load began");
  }

  /** One invisible column for each step: its title tells the figures, also without scripts. */
  private void columns(Svg svg, double top, double bottom) {
    Map<Long, List<Bin>> columns = new LinkedHashMap<>();
    timeline.bins().stream()
        .filter(bin -> time.shows(bin.atMillis()))
        .forEach(bin -> columns.computeIfAbsent(bin.atMillis(), at -> new ArrayList<>()).add(bin));
    svg.group("columns");
    columns.forEach((at, bins) -> {
      double x = time.x(at);
      double width = Math.max(0.5, time.x(at + Bin.WIDTH_MILLIS) - x);
      markup.open(
          "rect",
          "x",
          Svg.at(x),
          "y",
          Svg.at(top),
          "width",
          Svg.at(width),
          "height",
          Svg.at(bottom - top));
      svg.title(told(at, bins)).end();
    });
    svg.end();
  }

  private String told(long at, List<Bin> bins) {
    StringBuilder text = new StringBuilder(seconds(at));
    long middle = at + Bin.WIDTH_MILLIS / 2;
    timeline.windows().stream()
        .filter(window -> window.fromMillis() <= middle && middle < window.toMillis())
        .forEach(w -> text.append(real(w) ? ", " : ", control " + w.act() + ", ").append(w.name()));
    bins.stream()
        .sorted((a, b) -> a.stream().compareTo(b.stream()))
        .forEach(bin -> {
          text.append('\n').append(bin.stream());
          text.append('\t')
              .append(Math.round(TimelineCurves.perSecond(bin.requests())))
              .append("/s");
          text.append('\t').append(Words.counted(bin.errors(), "error"));
          if (bin.maxMillis() >= 0) {
            text.append("\tp50 ").append(Words.millis(bin.p50Millis()));
            text.append("\tp99 ").append(Words.millis(bin.p99Millis()));
            text.append("\tmax ").append(Words.millis(bin.maxMillis()));
          }
        });
    return text.toString();
  }
}
