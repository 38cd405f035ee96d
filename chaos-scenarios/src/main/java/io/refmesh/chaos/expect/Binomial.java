package io.refmesh.chaos.expect;

/**
 * How far a share may be off by chance alone. A fault that hits ten requests of a hundred on
 * average hits eight or thirteen in some runs; an expectation about a percentage allows for that
 * and says so.
 */
public final class Binomial {

  /**
   * One false alarm in a thousand runs on either side: the 99.9 % quantile of the normal
   * distribution.
   */
  private static final double Z = 3.0902;

  private Binomial() {}

  /**
   * The lowest share that {@code n} draws of probability {@code p} show in all but one of a
   * thousand runs (Wilson's score interval, which stays right near 0 and 1).
   */
  public static double lowest(double p, long n) {
    return bound(p, n, -1);
  }

  /** As {@link #lowest}, the highest. */
  public static double highest(double p, long n) {
    return bound(p, n, 1);
  }

  private static double bound(double p, long n, int side) {
    if (n <= 0) {
      return side < 0 ? 0 : 1;
    }
    double z2 = Z * Z;
    double middle = p + z2 / (2 * n);
    double half = Z * Math.sqrt(p * (1 - p) / n + z2 / (4.0 * n * n));
    return Math.clamp((middle + side * half) / (1 + z2 / n), 0.0, 1.0);
  }
}
