package io.refmesh.shop.behave;

/** How many requests a rule looked at and how many it applied to, since it was set. */
public record RuleCounts(int rule, long looked, long applied) {}
