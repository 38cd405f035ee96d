package io.refmesh.shop.behave;

import java.util.ArrayList;
import java.util.List;

/** The behaviour in force and its draws; on the application port's event loop only. */
public final class Switchboard {
  private final Behaviour atStart;
  private final long seed;
  private final String instance;
  private Behaviour behaviour;
  private List<RuleDraws> draws;

  public Switchboard(Behaviour atStart, long seed, String instance) {
    this.atStart = atStart;
    this.seed = seed;
    this.instance = instance;
    behaviour = atStart;
    draws = fresh(atStart);
  }

  /** Replaces everything; counts and draws start over. */
  public void set(Behaviour replacement) {
    behaviour = replacement;
    draws = fresh(replacement);
  }

  public void restore() {
    set(atStart);
  }

  public Behaviour behaviour() {
    return behaviour;
  }

  /** {@code id} is empty for a request without one. */
  public Verdict judge(String method, String path, String id) {
    for (RuleDraws candidate : draws) {
      if (candidate.rule().covers(method, path) && candidate.applies(id)) {
        return candidate.verdict();
      }
    }
    return Verdict.AS_USUAL;
  }

  public List<RuleCounts> counts() {
    List<RuleCounts> counts = new ArrayList<>(draws.size());
    for (int place = 0; place < draws.size(); place++) {
      counts.add(draws.get(place).counts(place));
    }
    return counts;
  }

  private List<RuleDraws> fresh(Behaviour of) {
    List<RuleDraws> fresh = new ArrayList<>(of.rules().size());
    for (Rule rule : of.rules()) {
      fresh.add(new RuleDraws(rule, fresh.size(), seed, instance));
    }
    return fresh;
  }
}
