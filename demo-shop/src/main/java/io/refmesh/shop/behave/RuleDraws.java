package io.refmesh.shop.behave;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** A rule in force with its counts and its random sequences. */
final class RuleDraws {
  private final Rule rule;
  private final long idSeed;
  // Two sequences, so that drawing a latency does not shift who is hit next.
  private final SplittableRandom shares;
  private final SplittableRandom latencies;
  private long looked;
  private long applied;

  RuleDraws(Rule rule, int place, long seed, String instance) {
    this.rule = rule;
    idSeed = seed + 31L * place;
    SplittableRandom own = new SplittableRandom(idSeed ^ hash(instance));
    shares = own.split();
    latencies = own.split();
  }

  /** Counts the request as looked at, and as applied when the share hits. */
  boolean applies(String id) {
    looked++;
    boolean hit =
        switch (rule.share()) {
          case Share.Always() -> true;
          case Share.Percent(double percent) -> shares.nextDouble() * 100 < percent;
          case Share.EveryNth(long n) -> looked % n == 0;
          case Share.FirstN(long n) -> looked <= n;
          case Share.OfIds(double percent) ->
              !id.isEmpty() && new SplittableRandom(idSeed ^ hash(id)).nextDouble() * 100 < percent;
        };
    if (hit) {
      applied++;
    }
    return hit;
  }

  Verdict verdict() {
    double millis = rule.latency().millis(latencies);
    return new Verdict(
        rule.action(), (long) (millis * TimeUnit.MILLISECONDS.toNanos(1)), rule.effect());
  }

  Rule rule() {
    return rule;
  }

  RuleCounts counts(int place) {
    return new RuleCounts(place, looked, applied);
  }

  /** FNV-1a, 64 bits: the same on every machine and in every run. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return hash;
  }
}
