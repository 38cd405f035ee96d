package io.refmesh.chaos.report;

import io.refmesh.chaos.report.Svg.Anchor;
import io.refmesh.chaos.report.TimelinePlot.Panel;
import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Mark;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.util.ArrayList;
import java.util.List;

/**
 * What went on when: acts, windows, faults and marks above the curves, and the shades behind them.
 * Negative controls are hatched and dashed. Used once.
 */
final class TimelineBands {

  private static final double WINDOWS_TOP = 24;
  private static final double BAND_HEIGHT = 18;
  private static final double FAULTS_TOP = WINDOWS_TOP + 24;
  private static final double FAULT_LANE = 22;
  private static final double MARK_LANE = 16;
  private static final int MARK_LANES_MAX = 2;

  /** Of a fault beyond these only the shade is drawn. */
  private static final int FAULT_LANES_MAX = 4;

  private final Svg svg;
  private final Timeline timeline;
  private final TimeAxis time;
  private final String hatch;
  private final List<List<Span>> faultLanes;
  private final List<Placed> marks;

  TimelineBands(Svg svg, Timeline timeline, TimeAxis time, String hatch) {
    this.svg = svg;
    this.timeline = timeline;
    this.time = time;
    this.hatch = hatch;
    this.faultLanes = faultLanes();
    this.marks = placed();
  }

  /** How much room all but the shades need. */
  double height() {
    return marksTop() + MARK_LANE * (1 + marks.stream().mapToInt(Placed::lane).max().orElse(-1));
  }

  private double marksTop() {
    return FAULTS_TOP + FAULT_LANE * faultLanes.size() + 2;
  }

  /** The shades of faults and negative controls. */
  void behind(Panel panel) {
    for (Span act : TimelinePlot.acts(timeline)) {
      if (!TimelinePlot.real(act)) {
        hatched(act, panel.top(), panel.height());
      }
    }
    for (Span fault : timeline.faults()) {
      svg.rect("shade", time.x(fault.fromMillis()), panel.top(), width(fault), panel.height(), 0);
    }
  }

  void draw() {
    pattern();
    TimelinePlot.acts(timeline).forEach(this::act);
    timeline.windows().forEach(this::window);
    double top = FAULTS_TOP;
    for (List<Span> lane : faultLanes) {
      for (Span fault : lane) {
        fault(fault, top);
      }
      top += FAULT_LANE;
    }
  }

  private void pattern() {
    svg.markup()
        .open("defs")
        .open(
            "pattern",
            "id",
            hatch,
            "width",
            "8",
            "height",
            "8",
            "patternUnits",
            "userSpaceOnUse",
            "patternTransform",
            "rotate(45)");
    svg.rect("hatch-line", 0, 0, 1.5, 8, 0);
    svg.markup().close().close().line();
  }

  private void act(Span act) {
    boolean real = TimelinePlot.real(act);
    String style = real ? "act" : "act control";
    double x = time.x(act.fromMillis());
    String label = real ? "scenario" : "negative control: " + act.name();
    String shorter = real ? "scenario" : act.name();
    svg.group(style).title(label);
    svg.line(style, x, 18.5, x + width(act), 18.5);
    svg.text(
        style,
        Anchor.START,
        x,
        12,
        Svg.fitted(width(act) < Svg.width(label) ? shorter : label, width(act)));
    svg.end();
    if (!real) {
      hatched(act, WINDOWS_TOP, BAND_HEIGHT);
    }
  }

  private void hatched(Span span, double top, double height) {
    svg.markup()
        .empty(
            "rect",
            "x",
            Svg.at(time.x(span.fromMillis())),
            "y",
            Svg.at(top),
            "width",
            Svg.at(width(span)),
            "height",
            Svg.at(height),
            "fill",
            "url(#" + hatch + ")")
        .line();
  }

  private void window(Span window) {
    boolean real = TimelinePlot.real(window);
    double x = time.x(window.fromMillis());
    double width = width(window);
    svg.group("band")
        .title(
            window.name()
                + ", "
                + span(window)
                + (real ? "" : ", negative control " + window.act()));
    svg.rect(
        real ? "window" : "window control",
        x + 0.5,
        WINDOWS_TOP + 0.5,
        width - 1,
        BAND_HEIGHT - 1,
        3);
    svg.text(
        "inside",
        Anchor.MIDDLE,
        x + width / 2,
        WINDOWS_TOP + 13,
        Svg.fitted(window.name(), width - 4));
    svg.end();
  }

  private void fault(Span fault, double top) {
    double x = time.x(fault.fromMillis());
    double width = width(fault);
    svg.group("band").title("fault: " + fault.name() + ", " + span(fault));
    svg.rect("fault", x, top, width, BAND_HEIGHT, 3);
    // Bold letters are a little wider.
    svg.text(
        "fault-name",
        Anchor.MIDDLE,
        x + width / 2,
        top + 13,
        Svg.fitted(fault.name(), (width - 8) * 0.92));
    svg.end();
  }

  /** Faults that overlap stand below each other. */
  private List<List<Span>> faultLanes() {
    List<List<Span>> lanes = new ArrayList<>();
    for (Span fault : timeline.faults()) {
      List<Span> free =
          lanes.stream()
              .filter(lane -> lane.stream().noneMatch(other -> overlap(other, fault)))
              .findFirst()
              .orElse(null);
      if (free != null) {
        free.add(fault);
      } else if (lanes.size() < FAULT_LANES_MAX) {
        lanes.add(new ArrayList<>(List.of(fault)));
      }
    }
    return lanes;
  }

  private static boolean overlap(Span one, Span other) {
    return one.fromMillis() < other.toMillis() && other.fromMillis() < one.toMillis();
  }

  /** Lines from the marks' labels down through a panel. */
  void marks(Panel panel) {
    for (Placed mark : marks) {
      double y = mark.lane() < 0 ? panel.top() - 6 : marksTop() + MARK_LANE * mark.lane() + 11;
      svg.group("mark").title(mark.label());
      svg.line("mark", mark.x(), y - 5, mark.x(), panel.bottom()).dot("mark", mark.x(), y - 5, 3);
      if (mark.lane() >= 0) {
        Anchor anchor = mark.leftwards() ? Anchor.END : Anchor.START;
        svg.text("mark", anchor, mark.x() + (mark.leftwards() ? -7 : 7), y - 1, mark.label());
      }
      svg.end();
    }
  }

  /**
   * A mark and where its label goes.
   *
   * @param lane -1 where there is no room for a label
   */
  private record Placed(String label, double x, int lane, boolean leftwards) {}

  private List<Placed> placed() {
    List<Placed> placed = new ArrayList<>();
    double[] free = new double[MARK_LANES_MAX];
    for (Mark mark :
        timeline.marks().stream()
            .sorted((a, b) -> Long.compare(a.atMillis(), b.atMillis()))
            .toList()) {
      if (!time.shows(mark.atMillis())) {
        continue;
      }
      String label = mark.name() + " " + TimelinePlot.seconds(mark.atMillis());
      double x = time.x(mark.atMillis());
      double width = Svg.width(label) + 12;
      boolean leftwards = x + width > time.right();
      double from = leftwards ? x - width : x;
      int lane = -1;
      for (int i = 0; i < MARK_LANES_MAX && lane < 0; i++) {
        if (free[i] <= from) {
          lane = i;
          free[i] = from + width + 4;
        }
      }
      placed.add(new Placed(label, x, lane, leftwards));
    }
    return placed;
  }

  /** However short, it can be seen. */
  private double width(Span span) {
    return Math.max(2, time.x(span.toMillis()) - time.x(span.fromMillis()));
  }

  private static String span(Span span) {
    return TimelinePlot.seconds(span.fromMillis()) + " to " + TimelinePlot.seconds(span.toMillis());
  }
}
