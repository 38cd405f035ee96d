package io.refmesh.shop.record;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Counts by name for a bounded number of names; the rest goes to {@code other}. */
final class CappedCounts {
  private final int namesMax;
  private final Map<String, Count> counts = new HashMap<>();
  private long overflowed;

  CappedCounts(int namesMax) {
    this.namesMax = namesMax;
  }

  /** Returns the name as it is kept, so that a million requests share one string. */
  String add(String name) {
    Count count = counts.get(name);
    if (count == null && counts.size() < namesMax) {
      count = new Count(name);
      counts.put(name, count);
    }
    if (count == null) {
      overflowed++;
      return name;
    }
    count.value++;
    return count.name;
  }

  Map<String, Long> view() {
    Map<String, Long> view = new TreeMap<>();
    counts.values().forEach(count -> view.put(count.name, count.value));
    if (overflowed > 0) {
      view.put("other", overflowed);
    }
    return view;
  }

  long overflowed() {
    return overflowed;
  }

  void clear() {
    counts.clear();
    overflowed = 0;
  }

  private static final class Count {
    private final String name;
    private long value;

    Count(String name) {
      this.name = name;
    }
  }
}
