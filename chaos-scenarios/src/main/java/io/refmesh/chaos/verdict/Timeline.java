package io.refmesh.chaos.verdict;

import java.util.List;

/**
 * What happened when; all times in milliseconds since the start of the load.
 *
 * @param bins one per stream and step of {@link Bin#WIDTH_MILLIS}, in the order of time
 */
public record Timeline(List<Span> windows, List<Span> faults, List<Mark> marks, List<Bin> bins) {

  public static final Timeline EMPTY = new Timeline(List.of(), List.of(), List.of(), List.of());

  public Timeline {
    windows = List.copyOf(windows);
    faults = List.copyOf(faults);
    marks = List.copyOf(marks);
    bins = List.copyOf(bins);
  }

  /**
   * A window or a fault.
   *
   * @param act {@code real} for the scenario itself, otherwise the name of the negative control
   */
  public record Span(String name, String act, long fromMillis, long toMillis) {}

  /** Something noticed: detected, recovered, restarted, renewed. */
  public record Mark(String name, long atMillis) {}

  /** Requests of one stream by intended start; latencies in milliseconds, -1 without requests. */
  public record Bin(
      String stream,
      long atMillis,
      int requests,
      int errors,
      double p50Millis,
      double p99Millis,
      double maxMillis) {
    public static final int WIDTH_MILLIS = 500;
  }
}
