package io.refmesh.proxy;

import io.netty.util.concurrent.FastThreadLocalThread;
import io.refmesh.testkit.Seed;
import java.security.SecureRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole proxies on simulated time, with everything going wrong that a seed can think of; see {@link
 * SimulatedWorld} for what must hold. {@code make simulate SEEDS=n} runs so many, {@code make
 * simulate SEED=n} one. Worlds run on all processors, one thread each.
 */
class ProxySimulationTest {

  /** Kept, or its level would be forgotten. */
  private static final Logger LOG = Logger.getLogger("io.refmesh");

  private static final ExecutorService WORLDS =
      Executors.newFixedThreadPool(
          Runtime.getRuntime().availableProcessors(),
          task -> {
            Thread thread = new FastThreadLocalThread(task, "world");
            thread.setDaemon(true);
            return thread;
          });

  /** A world that runs already. */
  private record Run(long seed, CompletableFuture<Void> world) {

    static Run of(long seed) {
      return new Run(
          seed, CompletableFuture.runAsync(() -> new SimulatedWorld(seed).run(), WORLDS));
    }

    void join() {
      try {
        world.join();
      } catch (java.util.concurrent.CompletionException e) {
        Throwable cause = e.getCause();
        throw new AssertionError(
            "make simulate SEED=" + seed + "\n" + (cause == null ? e : cause).getMessage(), cause);
      }
    }

    @Override
    public String toString() {
      return "seed " + seed;
    }
  }

  @BeforeAll
  static void beQuiet() {
    LOG.setLevel(Level.OFF);
  }

  @AfterAll
  static void speakAgain() {
    LOG.setLevel(null);
  }

  static Stream<Run> few() {
    return LongStream.range(0, 20).mapToObj(Run::of).toList().stream();
  }

  /** Half of them the same every time, half of them fresh. */
  static Stream<Run> many() {
    Long only = Long.getLong(Seed.PROPERTY);
    int count = Integer.getInteger("seeds", 1000);
    LongStream seeds =
        only != null
            ? LongStream.of(only)
            : LongStream.concat(
                LongStream.range(0, (count + 1) / 2),
                new SecureRandom().longs(count / 2, 1_000_000, 1_000_000_000));
    return seeds.mapToObj(Run::of).toList().stream();
  }

  @ParameterizedTest
  @MethodSource("few")
  void keepsItsPromises(Run run) {
    run.join();
  }

  @Tag("simulate")
  @ParameterizedTest
  @MethodSource("many")
  void keepsItsPromisesWhateverGoesWrong(Run run) {
    run.join();
  }
}
