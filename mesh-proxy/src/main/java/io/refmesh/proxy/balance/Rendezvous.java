package io.refmesh.proxy.balance;

import io.refmesh.proxy.endpoint.Endpoint;
import java.util.List;

/**
 * Sends what has the same key to the same endpoint: the policy's {@code ring-hash}.
 *
 * <p>Not a ring but highest-random-weight hashing (Thaler and Ravishankar), which keeps a ring's
 * promise without building one: when an endpoint leaves, is ejected or is to be avoided, only its
 * keys move, and they come back with it. Shares follow the weights (score -weight / ln(hash)).
 */
final class Rendezvous implements EndpointPicker {

  @Override
  public Endpoint pick(List<Endpoint> candidates, boolean equal, long key, long nowNanos) {
    Endpoint best = candidates.getFirst();
    double bestScore = -1;
    for (Endpoint candidate : candidates) {
      long hash = mixed(key ^ mixed(candidate.spec().address().hashCode()));
      // In (0, 1): never 0, whose logarithm is not finite.
      double unit = ((hash >>> 11) + 0.5) * 0x1.0p-53;
      double score = -Math.max(1, candidate.spec().weight()) / Math.log(unit);
      if (score > bestScore) {
        bestScore = score;
        best = candidate;
      }
    }
    return best;
  }

  /** A key from text. */
  static long key(CharSequence text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return mixed(hash);
  }

  /** The finaliser of SplitMix64. */
  static long mixed(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
