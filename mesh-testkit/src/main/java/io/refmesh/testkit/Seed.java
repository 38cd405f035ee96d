package io.refmesh.testkit;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** The number that a random test starts from. */
public record Seed(long value) {

  /** System property that makes {@link Seeds} run with this one seed. */
  public static final String PROPERTY = "seed";

  /** A generator that gives the same numbers for the same seed. */
  public RandomGenerator random() {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(value);
  }

  @Override
  public String toString() {
    return "seed " + value + " (again: -D" + PROPERTY + "=" + value + ")";
  }
}
