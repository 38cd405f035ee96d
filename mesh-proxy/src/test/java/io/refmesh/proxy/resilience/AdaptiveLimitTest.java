package io.refmesh.proxy.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The adaptive limit before a service that has so many workers and a queue, on simulated time. */
class AdaptiveLimitTest {

  private static final long MILLI = 1_000_000L;

  @ParameterizedTest(name = "{0} workers of {1} ms, offered {2} times what they can do")
  @CsvSource({"10, 50, 2", "10, 50, 5", "4, 20, 3", "50, 10, 2"})
  void holdsTheQueueOfAnOverloadedServiceShort(int workers, long serviceMillis, int load) {
    Simulation simulation = new Simulation(workers, serviceMillis, new AdaptiveLimit(10_000, 0));
    double capacityPerSecond = workers * 1000.0 / serviceMillis;

    simulation.run(60_000, capacityPerSecond * load);
    simulation.forget();
    simulation.run(60_000, capacityPerSecond * load);

    assertThat(simulation.meanMillis())
        .as("latency; without a limit it would be minutes")
        .isLessThan(4.0 * serviceMillis);
    assertThat(simulation.served)
        .as("the service is kept busy: %s", simulation)
        .isGreaterThan((int) (0.85 * capacityPerSecond * 60));
    assertThat(simulation.refused).isPositive();
  }

  @Test
  void refusesNothingWhenTheServiceCanDoWhatIsAsked() {
    Simulation simulation = new Simulation(50, 20, new AdaptiveLimit(10_000, 0));
    simulation.run(10_000, 400);
    simulation.forget();
    simulation.run(60_000, 1200);
    assertThat(simulation.refused)
        .as("of %s", simulation.served)
        .isLessThan(simulation.served / 200);
  }

  @Test
  void followsAServiceThatGetsSlowerForGood() {
    Simulation simulation = new Simulation(20, 10, new AdaptiveLimit(10_000, 0));
    simulation.run(30_000, 600);
    simulation.serviceMillis = 40;
    simulation.run(60_000, 300);
    simulation.forget();
    simulation.run(30_000, 300);
    assertThat(simulation.refused)
        .as("of %s", simulation.served)
        .isLessThan(simulation.served / 50);
  }

  @Test
  void staysWithinItsBounds() {
    AdaptiveLimit small = new AdaptiveLimit(8, 0);
    Simulation idle = new Simulation(1000, 5, small);
    idle.run(30_000, 5_000);
    assertThat(small.limit()).isLessThanOrEqualTo(8);

    AdaptiveLimit tiny = new AdaptiveLimit(2, 0);
    new Simulation(1000, 5, tiny).run(5_000, 5_000);
    assertThat(tiny.limit()).as("what is written is never exceeded").isEqualTo(2);

    AdaptiveLimit crushed = new AdaptiveLimit(100, 0);
    Simulation slow = new Simulation(1, 50, crushed);
    slow.run(120_000, 400);
    assertThat(crushed.limit()).as("%s", slow).isBetween(AdaptiveLimit.LEAST, 20);
  }

  @Test
  void startsLowAndLearnsNothingFromAFewAnswers() {
    AdaptiveLimit limit = new AdaptiveLimit(1000, 0);
    for (int i = 0; i < 9; i++) {
      limit.sample(i * MILLI, 1, (i + 500) * MILLI);
    }
    assertThat(limit.limit()).isEqualTo(AdaptiveLimit.START);
    assertThat(limit.baseNanos()).isZero();
  }

  /** Requests come at random; so many workers take them in order. */
  private static final class Simulation {

    private record Request(long startNanos, long endNanos) {}

    private final int workers;
    private long serviceMillis;
    private final AdaptiveLimit limit;
    private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
    private final PriorityQueue<Long> freeAt = new PriorityQueue<>();
    private final PriorityQueue<Request> underWay =
        new PriorityQueue<>((a, b) -> Long.compare(a.endNanos, b.endNanos));
    private final List<Integer> limits = new ArrayList<>();
    private final ArrayDeque<Long> took = new ArrayDeque<>();
    private long now;
    private int served;
    private int refused;

    Simulation(int workers, long serviceMillis, AdaptiveLimit limit) {
      this.workers = workers;
      this.serviceMillis = serviceMillis;
      this.limit = limit;
      for (int i = 0; i < workers; i++) {
        freeAt.add(0L);
      }
    }

    void run(long millis, double perSecond) {
      long end = now + millis * MILLI;
      while (now < end) {
        long next = now + (long) (-Math.log(1 - random.nextDouble()) / perSecond * 1e9);
        answerUntil(next);
        now = next;
        if (underWay.size() >= limit.limit()) {
          refused++;
          continue;
        }
        Long free = freeAt.poll();
        long begins = Math.max(now, free == null ? 0 : free);
        long service = (long) (serviceMillis * MILLI * (0.8 + 0.4 * random.nextDouble()));
        freeAt.add(begins + service);
        underWay.add(new Request(now, begins + service));
      }
    }

    private void answerUntil(long until) {
      while (!underWay.isEmpty() && underWay.element().endNanos <= until) {
        int inFlight = underWay.size();
        Request answered = underWay.remove();
        served++;
        took.add(answered.endNanos - answered.startNanos);
        limit.sample(answered.startNanos, inFlight, answered.endNanos);
        limits.add(limit.limit());
      }
    }

    void forget() {
      served = 0;
      refused = 0;
      took.clear();
    }

    double meanMillis() {
      return took.stream().mapToLong(Long::longValue).average().orElse(0) / MILLI;
    }

    @Override
    public String toString() {
      return workers
          + " workers, served "
          + served
          + ", refused "
          + refused
          + ", mean "
          + meanMillis()
          + " ms, limit now "
          + limit.limit();
    }
  }
}
