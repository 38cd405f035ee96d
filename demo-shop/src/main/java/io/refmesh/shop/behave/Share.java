package io.refmesh.shop.behave;

/** Which of the requests that a rule looks at it applies to. */
public sealed interface Share {
  /** Every one. */
  record Always() implements Share {}

  /** One seeded draw per request looked at. */
  record Percent(double percent) implements Share {}

  /** The n-th, the 2n-th and so on. */
  record EveryNth(long n) implements Share {}

  /** The first n. */
  record FirstN(long n) implements Share {}

  /** A share of request ids: an id has the same fate on every try and every instance. */
  record OfIds(double percent) implements Share {}
}
