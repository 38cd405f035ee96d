package io.refmesh.shop.record;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** How often each request id was seen here, and how many ids were seen n times. */
final class SeenIds {
  private final int idsMax;
  private final Map<String, Integer> times = new HashMap<>();
  private final Map<Integer, Long> idsByTimes = new TreeMap<>();
  private long overflowed;

  SeenIds(int idsMax) {
    this.idsMax = idsMax;
  }

  /** Returns how often the id was seen, this time included; 1 for an id there is no room for. */
  int see(String id) {
    Integer before = times.get(id);
    if (before == null) {
      if (times.size() >= idsMax) {
        overflowed++;
        return 1;
      }
      times.put(id, 1);
      idsByTimes.merge(1, 1L, Long::sum);
      return 1;
    }
    times.put(id, before + 1);
    idsByTimes.compute(before, (n, ids) -> ids == null || ids == 1 ? null : ids - 1);
    idsByTimes.merge(before + 1, 1L, Long::sum);
    return before + 1;
  }

  Map<String, Long> view() {
    Map<String, Long> view = new LinkedHashMap<>();
    idsByTimes.forEach((n, ids) -> view.put(Integer.toString(n), ids));
    return view;
  }

  int size() {
    return times.size();
  }

  long overflowed() {
    return overflowed;
  }

  void clear() {
    times.clear();
    idsByTimes.clear();
    overflowed = 0;
  }
}
