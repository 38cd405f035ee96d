package io.refmesh.proxy;

import io.netty.util.concurrent.FastThreadLocal;
import java.util.random.RandomGenerator;
import java.util.random.RandomGenerator.SplittableGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Random numbers for what all event loops share: each thread has a generator of its own, split off
 * one seed. Safe on any thread.
 */
public final class LoopRandom implements RandomGenerator {

  private final FastThreadLocal<RandomGenerator> own;

  public LoopRandom(long seed) {
    SplittableGenerator root =
        RandomGeneratorFactory.<SplittableGenerator>of("L64X128MixRandom").create(seed);
    own =
        new FastThreadLocal<>() {
          @Override
          protected RandomGenerator initialValue() {
            synchronized (root) {
              return root.split();
            }
          }
        };
  }

  @Override
  public long nextLong() {
    return own.get().nextLong();
  }
}
