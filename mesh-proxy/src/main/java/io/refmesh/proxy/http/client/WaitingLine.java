package io.refmesh.proxy.http.client;

import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Exchanges that wait for a connection to one endpoint, first come first served, no more than the
 * limit.
 */
final class WaitingLine {

  private final ArrayDeque<Waiting> line = new ArrayDeque<>();
  private final int most;
  private final String endpoint;

  /**
   * @param most 0 for no limit
   */
  WaitingLine(int most, String endpoint) {
    this.most = most == 0 ? Integer.MAX_VALUE : most;
    this.endpoint = endpoint;
  }

  /**
   * Lets the exchange wait; answers it with {@code overloaded} and returns false when the line is
   * full.
   */
  boolean join(Exchange exchange, Reply reply, boolean again) {
    if (line.size() >= most) {
      reply.done(
          Outcome.Failed.before(
              MeshError.OVERLOADED,
              most + " requests wait for a connection to " + endpoint + " already"));
      return false;
    }
    Waiting waiting = new Waiting(this, exchange, reply, again);
    line.add(waiting);
    waiting.begin();
    return true;
  }

  /** The first in the line, taken out of it; null when nobody waits. */
  @Nullable Waiting next() {
    Waiting waiting = line.poll();
    if (waiting != null) {
      waiting.take();
    }
    return waiting;
  }

  /** The first in the line, left there; null when nobody waits. */
  @Nullable Waiting peek() {
    return line.peek();
  }

  int size() {
    return line.size();
  }

  boolean isEmpty() {
    return line.isEmpty();
  }

  void gone(Waiting waiting) {
    line.remove(waiting);
  }

  /** Answers all who wait. */
  void fail(Outcome.Failed why) {
    List<Waiting> failed = new ArrayList<>(line);
    line.clear();
    for (Waiting waiting : failed) {
      if (!waiting.over()) {
        waiting.take();
        waiting.reply().done(why);
      }
    }
  }
}
