package io.refmesh.proxy.policy;

/**
 * Whether something meets a condition. What cannot be decided is unsure: enough for a DENY, not
 * enough for an ALLOW.
 */
enum Match {
  NO,
  UNSURE,
  YES;

  static Match of(boolean matches) {
    return matches ? YES : NO;
  }

  /** Both have to match. */
  Match and(Match other) {
    return compareTo(other) <= 0 ? this : other;
  }

  /** Either has to match. */
  Match or(Match other) {
    return compareTo(other) >= 0 ? this : other;
  }
}
