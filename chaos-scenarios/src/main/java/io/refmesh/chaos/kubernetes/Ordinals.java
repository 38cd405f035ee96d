package io.refmesh.chaos.kubernetes;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Numbers for pods, whose own names are random: {@code shop/cart-0}. A pod keeps its number for as
 * long as it is there, and a newcomer takes the lowest that is free, so that reports name the same
 * instance all the way through. Thread-safe.
 */
final class Ordinals {

  private final Map<String, Map<String, Integer>> byWorkload = new HashMap<>();

  /** The number of each pod that is not leaving, by its uid. */
  synchronized Map<String, Integer> of(List<PodView> pods) {
    Map<String, Integer> all = new HashMap<>();
    Map<String, List<PodView>> living = new TreeMap<>();
    for (PodView pod : pods) {
      if (!pod.leaving()) {
        living.computeIfAbsent(pod.workload(), w -> new ArrayList<>()).add(pod);
      }
    }
    byWorkload.keySet().retainAll(living.keySet());
    living.forEach((workload, members) -> {
      Map<String, Integer> known = byWorkload.computeIfAbsent(workload, w -> new HashMap<>());
      Set<String> present = members.stream().map(PodView::uid).collect(Collectors.toSet());
      known.keySet().retainAll(present);
      members.sort(Comparator.comparing(PodView::created).thenComparing(PodView::name));
      for (PodView pod : members) {
        if (!known.containsKey(pod.uid())) {
          int free = 0;
          while (known.containsValue(free)) {
            free++;
          }
          known.put(pod.uid(), free);
        }
      }
      all.putAll(known);
    });
    return all;
  }

  /** Forgets all: while nothing happens, numbers may begin at zero again. */
  synchronized void reset() {
    byWorkload.clear();
  }
}
