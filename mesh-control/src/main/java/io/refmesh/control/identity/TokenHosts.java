package io.refmesh.control.identity;

import io.refmesh.control.identity.Refusal.Reason;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * Remembers from which host each token was used first: from another host it is a replay.
 * Thread-safe.
 */
final class TokenHosts {

  /** Tokens whose first host is remembered; the oldest go first. */
  private static final int REMEMBERED_MAX = 100_000;

  private final Map<String, String> hostsById = new HashMap<>();
  private final ArrayDeque<String> idsByAge = new ArrayDeque<>();

  synchronized void requireSame(String id, String host) throws Refusal {
    String first = hostsById.putIfAbsent(id, host);
    if (first == null) {
      idsByAge.addLast(id);
      if (idsByAge.size() > REMEMBERED_MAX) {
        hostsById.remove(idsByAge.removeFirst());
      }
    } else if (!first.equals(host)) {
      throw new Refusal(
          Reason.TOKEN_REPLAYED,
          "the token was first used from "
              + first
              + " and now from "
              + host
              + " (expected: one host)");
    }
  }
}
