package io.refmesh.chaos.report;

import java.util.ArrayList;
import java.util.List;

/**
 * Heights of latencies in milliseconds: a step of ten is as high anywhere, for a timeout and a
 * normal answer are far apart.
 */
record LogScale(double lowest, double highest, double bottom, double top) {

  /** From a round value below all latencies to one above them, at least a factor of ten. */
  static LogScale of(double smallest, double largest, double bottom, double top) {
    double lowest = roundDown(Math.clamp(smallest, 0.1, 1e6));
    double highest = roundUp(Math.clamp(largest * 1.05, lowest, 1e7));
    return new LogScale(lowest, Math.max(highest, lowest * 10), bottom, top);
  }

  double y(double millis) {
    double share =
        (Math.log10(Math.clamp(millis, lowest, highest)) - Math.log10(lowest))
            / (Math.log10(highest) - Math.log10(lowest));
    return bottom - (bottom - top) * share;
  }

  /** 1, 10, 100 … inside the scale; with 2 and 5 between when it spans few of those. */
  List<Double> ticks() {
    boolean few = highest / lowest <= 1_000;
    List<Double> ticks = new ArrayList<>();
    for (double decade = Math.pow(10, Math.floor(Math.log10(lowest) + 1e-9));
        decade <= highest * 1.0001;
        decade *= 10) {
      for (double factor : few ? new double[] {1, 2, 5} : new double[] {1}) {
        double tick = decade * factor;
        if (tick >= lowest * 0.9999 && tick <= highest * 1.0001) {
          ticks.add(tick);
        }
      }
    }
    return ticks;
  }

  static String label(double millis) {
    double value = millis >= 999 ? millis / 1000 : millis;
    String number =
        value >= 0.999
            ? Long.toString(Math.round(value))
            : Double.toString(Math.round(value * 10) / 10.0);
    return number + (millis >= 999 ? " s" : " ms");
  }

  private static double roundDown(double value) {
    double decade = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
    return decade * (value >= decade * 5 ? 5 : value >= decade * 2 ? 2 : 1);
  }

  private static double roundUp(double value) {
    double decade = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
    return decade
        * (value <= decade * 1.0001 ? 1 : value <= decade * 2 ? 2 : value <= decade * 5 ? 5 : 10);
  }
}
