package io.refmesh.shop.behave;

/** What is to happen to one request; drawn when its head arrives. */
public record Verdict(Action action, long delayNanos, boolean effect) {
  static final Verdict AS_USUAL = new Verdict(new Action.AsUsual(), 0, true);
}
