package io.refmesh.shop.behave;

import java.util.random.RandomGenerator;

/** How long an answer waits, in milliseconds. */
public sealed interface Latency {
  /** Ten minutes: longer is a hang, and there is a field for that. */
  long MILLIS_MAX = 600_000;

  double millis(RandomGenerator random);

  /** No wait. */
  record None() implements Latency {
    @Override
    public double millis(RandomGenerator random) {
      return 0;
    }
  }

  /** The same wait each time. */
  record Fixed(long fixedMs) implements Latency {
    @Override
    public double millis(RandomGenerator random) {
      return fixedMs;
    }
  }

  /**
   * Log-normal, the usual shape of service times, given by what people know of it.
   *
   * <p>With mean m = exp(mu + s²/2) and 99th percentile q = exp(mu + z s), z = 2.326, the ratio
   * gives ln(q/m) = z s - s²/2 and so s = z - sqrt(z² - 2 ln(q/m)). There is no solution above q/m
   * = exp(z²/2), about 14.9.
   */
  record LogNormal(double meanMs, double p99Ms) implements Latency {
    static final double RATIO_MAX = 14;
    private static final double Z99 = 2.3263478740408408;

    @Override
    public double millis(RandomGenerator random) {
      double sigma = Z99 - Math.sqrt(Z99 * Z99 - 2 * Math.log(p99Ms / meanMs));
      double mu = Math.log(meanMs) - sigma * sigma / 2;
      return Math.min(MILLIS_MAX, Math.exp(mu + sigma * random.nextGaussian()));
    }
  }
}
