package io.refmesh.shop.record;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The latest requests that ended, in a ring: the oldest go first, and are counted. */
final class EndedRequests {
  private final @Nullable EndedRequest[] ring;
  private long lastSeq;
  private int size;
  private long dropped;

  EndedRequests(int capacity) {
    ring = new EndedRequest[capacity];
  }

  void add(OpenRequest open, int status, Outcome outcome, long durationNanos) {
    lastSeq++;
    ring[place(lastSeq)] = open.ended(lastSeq, status, outcome, durationNanos);
    if (size < ring.length) {
      size++;
    } else {
      dropped++;
    }
  }

  /** Those after {@code since}, oldest first, at most {@code limit}. */
  List<EndedRequest> after(long since, int limit) {
    List<EndedRequest> found = new ArrayList<>();
    long oldest = lastSeq - size + 1;
    for (long seq = Math.max(since + 1, oldest); seq <= lastSeq && found.size() < limit; seq++) {
      EndedRequest one = ring[place(seq)];
      if (one != null) {
        found.add(one);
      }
    }
    return found;
  }

  /** Numbers go on: a reader that asks for what came after a number never sees one twice. */
  void clear() {
    Arrays.fill(ring, null);
    size = 0;
    dropped = 0;
  }

  long lastSeq() {
    return lastSeq;
  }

  long dropped() {
    return dropped;
  }

  private int place(long seq) {
    return (int) (seq % ring.length);
  }
}
