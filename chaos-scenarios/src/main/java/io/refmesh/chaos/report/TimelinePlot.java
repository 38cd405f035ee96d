package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Bin;
import io.refmesh.chaos.verdict.Timeline.Mark;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The picture of one scenario, an SVG whose parts share one time axis:
 *
 * <pre>
 *   acts        | real                          | negative control |
 *   windows     | before | during     | after   | before | during  |
 *   faults               [ latency    ]                  [ latency ]
 *   marks                  v detected   v recovered
 *   latency     p50, p99 and max of each stream, logarithmic
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
  private static final int MARK_LANES_MAX = 2;
  private static final int FAULT_LANES_MAX = 4;

  /** Of the labels' font, on average; an estimate decides what fits. */
  private static final double LETTER_WIDTH = 6.3;

  /** As many colours as can be told apart; a ninth stream would begin anew. */
  static final int COLOURS = 6;

  private static final String REAL = "real";

  private final Markup svg;
  private final Timeline timeline;
  private final List<Limit> limits;
  private final TimeAxis time;
  private final List<String> streams;
  private final String id;

  TimelinePlot(Markup svg, String id, Timeline timeline, List<Limit> limits) {
    this.svg = svg;
    this.id = id;
    this.timeline = timeline;
    this.limits = limits;
    this.time = TimeAxis.of(timeline, LEFT, RIGHT);
    this.streams = streams(timeline);
  }

  static List<String> streams(Timeline timeline) {
    return timeline.bins().stream().map(Bin::stream).distinct().sorted().toList();
  }

  static String colour(int stream) {
    return "s" + stream % COLOURS;
  }

  /** First act, then act after act as they ran. */
  static Map<String, Span> acts(Timeline timeline) {
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
    return acts;
  }

  static boolean real(Span span) {
    return span.act().equals(REAL);
  }

  void draw(String title, String description) {
    List<List<Span>> faultLanes = faultLanes();
    List<Placed> marks = marks();
    int markLanes = 1 + marks.stream().mapToInt(Placed::lane).max().orElse(-1);
    double windowsTop = 24;
    double faultsTop = windowsTop + 24;
    double marksTop = faultsTop + 22 * faultLanes.size() + 2;
    double latencyTop = marksTop + 16 * markLanes + 14;
    double latencyBottom = latencyTop + LATENCY_HEIGHT;
    double requestsTop = latencyBottom + 34;
    double requestsBottom = requestsTop + REQUESTS_HEIGHT;
    double height = requestsBottom + 40;

    svg.open(
        "svg",
        "class",
        "plot",
        "viewBox",
        "0 0 " + number(WIDTH) + " " + number(height),
        "role",
        "img",
        "aria-labelledby",
        id + "-title " + id + "-text");
    svg.leaf("title", title, "id", id + "-title");
    svg.leaf("desc", description, "id", id + "-text").line();
    svg.open("defs");
    svg.open(
        "pattern",
        "id",
        id + "-hatch",
        "width",
        "8",
        "height",
        "8",
        "patternUnits",
        "userSpaceOnUse",
        "patternTransform",
        "rotate(45)");
    svg.empty("rect", "class", "hatch-line", "width", "1.5", "height", "8");
    svg.close().close().line();

    acts(windowsTop, latencyTop, latencyBottom, requestsTop, requestsBottom);
    shades(latencyTop, latencyBottom);
    shades(requestsTop, requestsBottom);
    windows(windowsTop);
    faults(faultLanes, faultsTop);
    timeGrid(latencyTop, latencyBottom, requestsTop, requestsBottom);
    latencies(latencyTop, latencyBottom);
    requests(requestsTop, requestsBottom);
    marks(marks, marksTop, latencyTop, latencyBottom);
    svg.empty(
            "line",
            "class",
            "cursor",
            "x1",
            "0",
            "x2",
            "0",
            "y1",
            number(latencyTop),
            "y2",
            number(requestsBottom))
        .line();
    pointed(latencyTop, requestsBottom);
    svg.close().line();
  }

  private void acts(
      double windowsTop,
      double latencyTop,
      double latencyBottom,
      double requestsTop,
      double requestsBottom) {
    for (Span act : acts(timeline).values()) {
      double x = time.x(act.fromMillis());
      double width = time.x(act.toMillis()) - x;
      String kind = real(act) ? "act" : "act control";
      svg.empty(
          "line",
          "class",
          kind,
          "x1",
          number(x),
          "x2",
          number(x + width),
          "y1",
          "18.5",
          "y2",
          "18.5");
      String label = real(act) ? "scenario" : "negative control: " + act.name();
      String shorter = real(act) ? "scenario" : act.name();
      svg.open("text", "class", kind, "x", number(x), "y", "12");
      svg.text(fitted(width < textWidth(label) ? shorter : label, width))
          .leaf("title", label)
          .close()
          .line();
      if (!real(act)) {
        hatch(x, width, windowsTop, 18);
        hatch(x, width, latencyTop, latencyBottom - latencyTop);
        hatch(x, width, requestsTop, requestsBottom - requestsTop);
      }
    }
  }

  private void hatch(double x, double width, double y, double height) {
    svg.empty(
            "rect",
            "x",
            number(x),
            "y",
            number(y),
            "width",
            number(width),
            "height",
            number(height),
            "fill",
            "url(#" + id + "-hatch)")
        .line();
  }

  private void windows(double top) {
    for (Span window : timeline.windows()) {
      double x = time.x(window.fromMillis());
      double width = Math.max(1, time.x(window.toMillis()) - x);
      svg.open("g");
      svg.leaf(
          "title",
          window.name()
              + ", "
              + span(window)
              + (real(window) ? "" : ", negative control " + window.act()));
      svg.empty(
          "rect",
          "class",
          real(window) ? "window" : "window control",
          "x",
          number(x + 0.5),
          "y",
          number(top + 0.5),
          "width",
          number(Math.max(1, width - 1)),
          "height",
          "17",
          "rx",
          "3");
      svg.leaf(
          "text",
          fitted(window.name(), width - 4),
          "class",
          "inside",
          "x",
          number(x + width / 2),
          "y",
          number(top + 13),
          "text-anchor",
          "middle");
      svg.close().line();
    }
  }

  /** Faults that overlap stand below each other. */
  private List<List<Span>> faultLanes() {
    List<List<Span>> lanes = new ArrayList<>();
    for (Span fault : timeline.faults()) {
      List<Span> lane =
          lanes.stream()
              .filter(l ->
                  l.stream()
                      .noneMatch(o ->
                          o.fromMillis() < fault.toMillis() && fault.fromMillis() < o.toMillis()))
              .findFirst()
              .orElse(null);
      if (lane == null) {
        if (lanes.size() == FAULT_LANES_MAX) {
          // Its shade is drawn all the same, and says its name.
          continue;
        }
        lane = new ArrayList<>();
        lanes.add(lane);
      }
      lane.add(fault);
    }
    return lanes;
  }

  private void faults(List<List<Span>> lanes, double top) {
    double y = top;
    for (List<Span> lane : lanes) {
      for (Span fault : lane) {
        double x = time.x(fault.fromMillis());
        double width = Math.max(2, time.x(fault.toMillis()) - x);
        svg.open("g");
        svg.leaf("title", "fault: " + fault.name() + ", " + span(fault));
        svg.empty(
            "rect",
            "class",
            "fault",
            "x",
            number(x),
            "y",
            number(y),
            "width",
            number(width),
            "height",
            "18",
            "rx",
            "3");
        svg.leaf(
            "text",
            fitted(fault.name(), width - 8 - fault.name().length() * 0.6),
            "class",
            "fault-name",
            "x",
            number(x + width / 2),
            "y",
            number(y + 13),
            "text-anchor",
            "middle");
        svg.close().line();
      }
      y += 22;
    }
  }

  private void shades(double top, double bottom) {
    for (Span fault : timeline.faults()) {
      double x = time.x(fault.fromMillis());
      svg.empty(
              "rect",
              "class",
              "shade",
              "x",
              number(x),
              "y",
              number(top),
              "width",
              number(Math.max(2, time.x(fault.toMillis()) - x)),
              "height",
              number(bottom - top))
          .line();
    }
  }

  private void timeGrid(
      double latencyTop, double latencyBottom, double requestsTop, double requestsBottom) {
    for (long tick : time.ticks()) {
      String x = number(time.x(tick));
      svg.empty(
          "line",
          "class",
          "grid",
          "x1",
          x,
          "x2",
          x,
          "y1",
          number(latencyTop),
          "y2",
          number(latencyBottom));
      svg.empty(
          "line",
          "class",
          "grid",
          "x1",
          x,
          "x2",
          x,
          "y1",
          number(requestsTop),
          "y2",
          number(requestsBottom));
      svg.leaf(
              "text",
              tick / 1000 + "",
              "class",
              "tick",
              "x",
              x,
              "y",
              number(requestsBottom + 16),
              "text-anchor",
              "middle")
          .line();
    }
    svg.leaf(
            "text",
            "seconds since the load began",
            "class",
            "axis",
            "x",
            number((LEFT + RIGHT) / 2),
            "y",
            number(requestsBottom + 34),
            "text-anchor",
            "middle")
        .line();
  }

  private void latencies(double top, double bottom) {
    List<Bin> shown =
        timeline.bins().stream()
            .filter(b -> time.shows(b.atMillis()) && b.maxMillis() >= 0)
            .toList();
    caption("latency", top);
    double largest = shown.stream().mapToDouble(Bin::maxMillis).max().orElse(10);
    for (Limit limit : limits) {
      largest = Math.max(largest, limit.millis());
    }
    LogScale scale =
        LogScale.of(
            shown.stream().mapToDouble(Bin::p50Millis).min().orElse(1), largest, bottom, top);
    for (double tick : scale.ticks()) {
      horizontal(scale.y(tick), LogScale.label(tick));
    }
    limits(scale);
    for (int i = 0; i < streams.size(); i++) {
      String stream = streams.get(i);
      List<Bin> own = shown.stream().filter(b -> b.stream().equals(stream)).toList();
      svg.open("g", "class", "series " + colour(i), "data-stream", stream);
      for (Bin bin : own) {
        svg.empty(
            "circle",
            "class",
            "max",
            "cx",
            number(middle(bin)),
            "cy",
            number(scale.y(bin.maxMillis())),
            "r",
            "1.6");
      }
      svg.line();
      svg.empty("path", "class", "p50", "d", path(own, bin -> scale.y(bin.p50Millis()))).line();
      svg.empty("path", "class", "p99", "d", path(own, bin -> scale.y(bin.p99Millis()))).line();
      svg.close().line();
    }
  }

  private void limits(LogScale scale) {
    for (Limit limit : limits) {
      int stream = streams.indexOf(limit.stream());
      if (stream < 0) {
        continue;
      }
      for (Span window : timeline.windows()) {
        if (!real(window)
            || !(limit.window().equals("all") || limit.window().equals(window.name()))) {
          continue;
        }
        String label = limit.kind() + " \u2264 " + Words.limit(limit.millis());
        svg.open("g", "class", "limit " + colour(stream));
        svg.leaf("title", "expected of " + limit.stream() + ": " + label);
        String y = number(scale.y(limit.millis()));
        String x = number(time.x(window.fromMillis()));
        svg.empty("line", "x1", x, "x2", number(time.x(window.toMillis())), "y1", y, "y2", y);
        svg.leaf(
            "text",
            "limit: " + label,
            "x",
            number(time.x(window.fromMillis()) + 4),
            "y",
            number(scale.y(limit.millis()) - 4));
        svg.close().line();
      }
    }
  }

  private void requests(double top, double bottom) {
    List<Bin> shown = timeline.bins().stream().filter(b -> time.shows(b.atMillis())).toList();
    caption("requests", top);
    Map<Long, Integer> errors = new LinkedHashMap<>();
    shown.forEach(bin -> errors.merge(bin.atMillis(), bin.errors(), Integer::sum));
    double most =
        Math.max(
            shown.stream().mapToDouble(b -> perSecond(b.requests())).max().orElse(1),
            errors.values().stream().mapToDouble(TimelinePlot::perSecond).max().orElse(1));
    double step = step(most);
    double highest = Math.max(step, Math.ceil(most / step) * step);
    for (double tick = 0; tick <= highest * 1.0001; tick += step) {
      horizontal(bottom - (bottom - top) * tick / highest, Math.round(tick) + "/s");
    }
    errors.forEach((at, count) -> {
      if (count > 0) {
        double x = time.x(at);
        double height = Math.max(2, (bottom - top) * perSecond(count) / highest);
        svg.empty(
            "rect",
            "class",
            "error",
            "x",
            number(x + 0.4),
            "y",
            number(bottom - height),
            "width",
            number(Math.max(1, time.x(at + Bin.WIDTH_MILLIS) - x - 0.8)),
            "height",
            number(height));
      }
    });
    svg.line();
    for (int i = 0; i < streams.size(); i++) {
      String stream = streams.get(i);
      List<Bin> own = shown.stream().filter(b -> b.stream().equals(stream)).toList();
      svg.open("g", "class", "series " + colour(i), "data-stream", stream);
      svg.empty(
          "path",
          "class",
          "rate",
          "d",
          path(own, bin -> bottom - (bottom - top) * perSecond(bin.requests()) / highest));
      svg.close().line();
    }
  }

  /** A mark and where its label goes; lane -1 has none. */
  private record Placed(Mark mark, double x, int lane, boolean leftwards) {}

  private List<Placed> marks() {
    List<Placed> placed = new ArrayList<>();
    double[] free = new double[MARK_LANES_MAX];
    for (Mark mark :
        timeline.marks().stream()
            .sorted((a, b) -> Long.compare(a.atMillis(), b.atMillis()))
            .toList()) {
      if (!time.shows(mark.atMillis())) {
        continue;
      }
      double x = time.x(mark.atMillis());
      double width = textWidth(markLabel(mark)) + 12;
      boolean leftwards = x + width > RIGHT;
      double from = leftwards ? x - width : x;
      int lane = -1;
      for (int i = 0; i < MARK_LANES_MAX && lane < 0; i++) {
        if (free[i] <= from) {
          lane = i;
          free[i] = from + width + 4;
        }
      }
      placed.add(new Placed(mark, x, lane, leftwards));
    }
    return placed;
  }

  private static String markLabel(Mark mark) {
    return mark.name() + " " + seconds(mark.atMillis());
  }

  private void marks(List<Placed> marks, double top, double latencyTop, double latencyBottom) {
    for (Placed placed : marks) {
      String x = number(placed.x());
      double y = placed.lane() < 0 ? latencyTop - 6 : top + 16 * placed.lane() + 11;
      svg.open("g", "class", "mark");
      svg.leaf("title", markLabel(placed.mark()));
      svg.empty("line", "x1", x, "x2", x, "y1", number(y - 7), "y2", number(latencyBottom));
      svg.empty("circle", "cx", x, "cy", number(y - 5), "r", "3");
      if (placed.lane() >= 0) {
        svg.leaf(
            "text",
            markLabel(placed.mark()),
            "x",
            number(placed.x() + (placed.leftwards() ? -7 : 7)),
            "y",
            number(y - 1),
            "text-anchor",
            placed.leftwards() ? "end" : "start");
      }
      svg.close().line();
    }
  }

  /** One invisible column for each step: its title tells the figures, also without scripts. */
  private void pointed(double top, double bottom) {
    Map<Long, List<Bin>> columns = new LinkedHashMap<>();
    timeline.bins().stream()
        .filter(bin -> time.shows(bin.atMillis()))
        .forEach(bin -> columns.computeIfAbsent(bin.atMillis(), at -> new ArrayList<>()).add(bin));
    svg.open("g", "class", "columns");
    columns.forEach((at, bins) -> {
      double x = time.x(at);
      svg.open(
          "rect",
          "x",
          number(x),
          "y",
          number(top),
          "width",
          number(Math.max(0.5, time.x(at + Bin.WIDTH_MILLIS) - x)),
          "height",
          number(bottom - top));
      svg.leaf("title", told(at, bins)).close().line();
    });
    svg.close();
  }

  private String told(long at, List<Bin> bins) {
    StringBuilder text = new StringBuilder(seconds(at));
    long middle = at + Bin.WIDTH_MILLIS / 2;
    timeline.windows().stream()
        .filter(window -> window.fromMillis() <= middle && middle < window.toMillis())
        .forEach(w -> text.append(real(w) ? ", " : ", control " + w.act() + ", ").append(w.name()));
    for (String stream : streams) {
      for (Bin bin : bins) {
        if (bin.stream().equals(stream)) {
          text.append('\n').append(stream).append('\t');
          text.append(Math.round(perSecond(bin.requests()))).append("/s\t");
          text.append(Words.counted(bin.errors(), "error"));
          if (bin.maxMillis() >= 0) {
            text.append("\tp50 ").append(Words.millis(bin.p50Millis()));
            text.append("\tp99 ").append(Words.millis(bin.p99Millis()));
            text.append("\tmax ").append(Words.millis(bin.maxMillis()));
          }
        }
      }
    }
    return text.toString();
  }

  private void caption(String text, double top) {
    svg.leaf(
            "text",
            text,
            "class",
            "axis",
            "x",
            number(LEFT - 8),
            "y",
            number(top - 12),
            "text-anchor",
            "end")
        .line();
  }

  private void horizontal(double y, String label) {
    svg.empty(
        "line",
        "class",
        "grid",
        "x1",
        number(LEFT),
        "x2",
        number(RIGHT),
        "y1",
        number(y),
        "y2",
        number(y));
    svg.leaf(
            "text",
            label,
            "class",
            "tick",
            "x",
            number(LEFT - 8),
            "y",
            number(y + 4),
            "text-anchor",
            "end")
        .line();
  }

  /** A line that breaks where steps are missing. */
  private String path(List<Bin> bins, ToDoubleFunction<Bin> y) {
    StringBuilder path = new StringBuilder();
    long expected = Long.MIN_VALUE;
    for (Bin bin : bins) {
      path.append(bin.atMillis() == expected ? 'L' : 'M');
      path.append(number(middle(bin))).append(' ').append(number(y.applyAsDouble(bin)));
      expected = bin.atMillis() + Bin.WIDTH_MILLIS;
    }
    return path.toString();
  }

  private double middle(Bin bin) {
    return time.x(bin.atMillis() + Bin.WIDTH_MILLIS / 2.0);
  }

  private static double perSecond(int inBin) {
    return inBin * 1000.0 / Bin.WIDTH_MILLIS;
  }

  /** A round number of which two to five fit below the highest value. */
  private static double step(double most) {
    double decade = Math.pow(10, Math.floor(Math.log10(Math.max(most, 1)) + 1e-9));
    double share = most / decade;
    return Math.max(1, decade * (share <= 2 ? 0.5 : share <= 4 ? 1 : 2));
  }

  private static String span(Span span) {
    return seconds(span.fromMillis()) + " to " + seconds(span.toMillis());
  }

  private static String seconds(long millis) {
    return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
  }

  private static double textWidth(String text) {
    return text.length() * LETTER_WIDTH;
  }

  /** As much of a text as fits, nothing when that would be a letter or two. */
  private static String fitted(String text, double width) {
    int letters = (int) (width / LETTER_WIDTH);
    if (text.length() <= letters) {
      return text;
    }
    return letters < 4
        ? ""
        : text.substring(
                0,
                text.offsetByCodePoints(
                    0, Math.min(letters - 1, text.codePointCount(0, text.length()) - 1)))
            + "\u2026";
  }

  private static String number(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }
}
