package io.refmesh.shop.behave;

import java.util.List;

/**
 * The whole behaviour document: the first rule that applies to a request decides what happens to
 * it.
 */
public record Behaviour(List<Rule> rules, boolean ready) {
  public static final Behaviour GOOD = new Behaviour(List.of(), true);

  public Behaviour {
    rules = List.copyOf(rules);
  }
}
