package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Bin;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where a moment of a timeline stands across a picture; moments in milliseconds since the start of
 * the load.
 */
record TimeAxis(long fromMillis, long toMillis, double left, double right) {

  /** Shows where the first window begins and the last one ends. */
  private static final long MARGIN_MILLIS = 700;

  private static final long[] STEPS_SECONDS = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600};
  private static final int TICKS_MAX = 14;

  /** From the first window to the last; the load before and after is left out. */
  static TimeAxis of(Timeline timeline, double left, double right) {
    List<Span> spans =
        Stream.concat(timeline.windows().stream(), timeline.faults().stream()).toList();
    if (spans.isEmpty()) {
      long to =
          timeline.bins().stream().mapToLong(Bin::atMillis).max().orElse(0) + Bin.WIDTH_MILLIS;
      return new TimeAxis(0, to, left, right);
    }
    long from = spans.stream().mapToLong(Span::fromMillis).min().orElse(0) - MARGIN_MILLIS;
    long to = spans.stream().mapToLong(Span::toMillis).max().orElse(0) + MARGIN_MILLIS;
    return new TimeAxis(Math.max(0, from), Math.max(to, from + MARGIN_MILLIS), left, right);
  }

  double x(double millis) {
    return left
        + (right - left)
            * (Math.clamp(millis, (double) fromMillis, (double) toMillis) - fromMillis)
            / (toMillis - fromMillis);
  }

  boolean shows(long millis) {
    return millis >= fromMillis && millis <= toMillis;
  }

  /** Whole numbers of a round unit. */
  List<Long> ticks() {
    long step = STEPS_SECONDS[STEPS_SECONDS.length - 1];
    for (long seconds : STEPS_SECONDS) {
      if ((toMillis - fromMillis) / (seconds * 1000) <= TICKS_MAX) {
        step = seconds;
        break;
      }
    }
    List<Long> ticks = new ArrayList<>();
    long stepMillis = step * 1000;
    for (long at = Math.ceilDiv(fromMillis, stepMillis) * stepMillis;
        at <= toMillis && ticks.size() < 1000;
        at += stepMillis) {
      ticks.add(at);
    }
    return ticks;
  }
}
