package io.refmesh.proxy.capture;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** One port, or several that follow each other. */
public record PortRange(int first, int last) {

  private static final int PORT_MAX = 65_535;

  public PortRange {
    if (first < 1 || last > PORT_MAX || first > last) {
      throw new IllegalArgumentException(
          "ports: " + first + "-" + last + " (expected: 1 to 65535, the smaller first)");
    }
  }

  static PortRange of(int port) {
    return new PortRange(port, port);
  }

  /** Reads {@code 25,8000-8010}; sorted, and those that overlap made one. */
  static List<PortRange> parseList(String text) {
    List<PortRange> ranges = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String word = part.strip();
      if (word.isEmpty()) {
        continue;
      }
      int dash = word.indexOf('-');
      try {
        int first = Integer.parseInt(dash < 0 ? word : word.substring(0, dash));
        ranges.add(
            new PortRange(first, dash < 0 ? first : Integer.parseInt(word.substring(dash + 1))));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            word + " (expected: ports from 1 to 65535 such as 25,8000-8010)", e);
      }
    }
    return merged(ranges, 0);
  }

  /** As a rule of netfilter counts them: a range is two. */
  int references() {
    return first == last ? 1 : 2;
  }

  /**
   * Sorted; ranges between which at most {@code gap} ports are missing are one. With a gap of 1
   * neighbours are joined, as nftables does.
   */
  static List<PortRange> merged(List<PortRange> ranges, int gap) {
    List<PortRange> sorted = new ArrayList<>(ranges);
    sorted.sort(Comparator.comparingInt(PortRange::first));
    List<PortRange> merged = new ArrayList<>();
    for (PortRange range : sorted) {
      PortRange before = merged.isEmpty() ? null : merged.getLast();
      if (before != null && range.first <= before.last + gap) {
        merged.set(
            merged.size() - 1, new PortRange(before.first, Math.max(before.last, range.last)));
      } else {
        merged.add(range);
      }
    }
    return List.copyOf(merged);
  }

  /** The same ranges in groups that a rule can hold. */
  static List<List<PortRange>> groups(List<PortRange> ranges, int referencesMax) {
    List<List<PortRange>> groups = new ArrayList<>();
    int references = referencesMax;
    for (PortRange range : ranges) {
      if (references + range.references() > referencesMax) {
        groups.add(new ArrayList<>());
        references = 0;
      }
      groups.getLast().add(range);
      references += range.references();
    }
    return groups;
  }

  /** With the sign between the ends that the tool wants. */
  String text(char between) {
    return first == last ? Integer.toString(first) : first + String.valueOf(between) + last;
  }
}
