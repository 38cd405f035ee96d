package io.refmesh.toxiproxy.link;

import static io.refmesh.toxiproxy.link.Bench.toxic;
import static io.refmesh.toxiproxy.toxic.ToxicType.BANDWIDTH;
import static io.refmesh.toxiproxy.toxic.ToxicType.LATENCY;
import static io.refmesh.toxiproxy.toxic.ToxicType.LIMIT_DATA;
import static io.refmesh.toxiproxy.toxic.ToxicType.NOOP;
import static io.refmesh.toxiproxy.toxic.ToxicType.SLICER;
import static io.refmesh.toxiproxy.toxic.ToxicType.SLOW_CLOSE;
import static io.refmesh.toxiproxy.toxic.ToxicType.TIMEOUT;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.toxiproxy.toxic.Toxic;
import io.refmesh.toxiproxy.toxic.ToxicType;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The chain of stages: order, back-pressure, changes while data flows, and the draw of toxicity.
 */
class LinkTest {

  @Test
  void withoutToxicsDataAndEndPass() {
    Bench bench = new Bench();
    bench.send("a").send("b").end();
    assertThat(bench.text()).isEqualTo("ab");
    assertThat(bench.closed).isTrue();
  }

  @Test
  void oneReadIsOutstandingAndNoneWhileTheDestinationIsFull() {
    Bench bench = new Bench();
    assertThat(bench.reads).isEqualTo(1);
    bench.full = true;
    bench.send("a");
    assertThat(bench.reads).isZero();
    bench.drain();
    assertThat(bench.text()).isEqualTo("a");
    assertThat(bench.reads).isEqualTo(1);
  }

  @Test
  void aChunkThatComesUnaskedWaitsItsTurn() {
    Bench bench = new Bench();
    bench.full = true;
    bench.send("a");
    bench.reads = 1;
    bench.send("b");
    bench.end();
    assertThat(bench.closed).isFalse();
    bench.drain();
    assertThat(bench.text()).isEqualTo("ab");
    assertThat(bench.closed).isTrue();
  }

  @Test
  void aSlowStagePushesBackOnTheSource() {
    Bench bench = new Bench(toxic(BANDWIDTH, 1));
    bench.sendBytes(100);
    assertThat(bench.reads).isZero();
    bench.pass(100);
    assertThat(bench.sizes()).containsExactly(100);
    assertThat(bench.reads).isEqualTo(1);
  }

  @Test
  void removingAToxicLetsEverythingItHoldsGoInOrder() {
    Toxic latency = toxic(LATENCY, 1000, 0);
    Bench bench = new Bench(latency);
    bench.send("a").send("b").send("c");
    assertThat(bench.text()).isEmpty();
    bench.remove(latency);
    bench.send("d");
    assertThat(bench.text()).isEqualTo("abcd");
  }

  @Test
  void removingAToxicDoesNotWaitForAFullDestination() {
    Toxic latency = toxic(LATENCY, 1000, 0);
    Bench bench = new Bench(latency);
    bench.send("a").send("b");
    bench.full = true;
    bench.remove(latency);
    assertThat(bench.text()).isEmpty();
    bench.add(toxic(NOOP));
    bench.drain();
    bench.send("c");
    assertThat(bench.text()).isEqualTo("abc");
  }

  @Test
  void anUpdateLetsTheChunkInHandGoAndTheNewSettingsTakeTheRest() {
    Bench bench = new Bench(toxic(LATENCY, 1000, 0));
    bench.send("a").send("b");
    bench.update(toxic(LATENCY, 50, 0));
    assertThat(bench.text()).isEqualTo("a");
    bench.advanceMillis(50);
    assertThat(bench.text()).isEqualTo("ab");
  }

  @Test
  void aChangeOfTheNeighbourBehindLetsTheChunkInHandGo() {
    Toxic last = toxic(SLOW_CLOSE, 0);
    Bench bench = new Bench(toxic(LATENCY, 1000, 0));
    bench.send("a").send("b").send("c");
    bench.add(last);
    assertThat(bench.text()).isEqualTo("a");
    bench.remove(last);
    assertThat(bench.text()).isEqualTo("ab");
  }

  /** The original lets it slip past the new toxic. */
  @Test
  void theChunkInHandMeetsAToxicThatIsAddedBehindIt() {
    Bench bench = new Bench(toxic(LATENCY, 1000, 0));
    bench.send("a");
    bench.add(toxic(BANDWIDTH, 1));
    assertThat(bench.text()).isEmpty();
    bench.pass(1);
    assertThat(bench.text()).isEqualTo("a");
  }

  @Test
  void theEndWaitsForDataThatARemovedToxicStillHolds() {
    Toxic latency = toxic(LATENCY, 1000, 0);
    Bench bench = new Bench(latency);
    bench.send("a").send("b");
    bench.full = true;
    bench.end();
    bench.remove(latency);
    assertThat(bench.closed).isFalse();
    bench.drain();
    assertThat(bench.text()).isEqualTo("ab");
    assertThat(bench.closed).isTrue();
  }

  @Test
  void aLongQueueIsMovedInTurnsSoThatOtherConnectionsAreServed() {
    Bench bench = new Bench(toxic(SLICER, 1, 0, 0));
    List<Integer> seen = new ArrayList<>();
    bench.later(() -> seen.add(bench.arrived.size()));
    bench.sendBytes(10_000);
    assertThat(seen.getFirst()).isLessThan(2_000);
    assertThat(bench.arrived).hasSize(10_000);
  }

  @Test
  void aClosedDestinationReleasesEverything() {
    Bench bench = new Bench(toxic(LATENCY, 1000, 0), toxic(BANDWIDTH, 0));
    bench.send("a").send("b").send("c");
    bench.link.destinationClosed();
    assertThat(bench.nothingLeaks()).isTrue();
    bench.remove(toxic(LATENCY, 1000, 0));
    bench.link.received(io.netty.buffer.Unpooled.EMPTY_BUFFER);
    assertThat(bench.arrived).isEmpty();
  }

  @Test
  void aToxicityOf0IsANoopUntilAnUpdate() {
    Bench bench = new Bench(toxic("t", TIMEOUT, 0, 100));
    bench.send("a").pass(300);
    assertThat(bench.text()).isEqualTo("a");
    bench.update(toxic("t", TIMEOUT, 1, 100));
    bench.pass(99);
    assertThat(bench.closed).isFalse();
    bench.pass(1);
    assertThat(bench.closed).isTrue();
  }

  @Test
  void toxicityIsAShareOfConnections() {
    int delayed = 0;
    for (int connection = 0; connection < 2000; connection++) {
      Bench bench = new Bench(Seeds.mix(42, connection), toxic("t", LATENCY, 0.3f, 10, 0));
      delayed += bench.send("a").text().isEmpty() ? 1 : 0;
    }
    // 2000 × 0.3 = 600, standard deviation 20.5; the seed is fixed, so this does not flake.
    assertThat(delayed).isBetween(520, 680);
  }

  @Test
  void anUpdateDrawsAgainAndSoDoesAChangeOfTheNeighbourBehindOnly() {
    int byUpdate = 0;
    int byNeighbour = 0;
    int byOneInFront = 0;
    Toxic half = toxic("t", LATENCY, 0.5f, 10, 0);
    for (int connection = 0; connection < 1000; connection++) {
      Bench bench = new Bench(Seeds.mix(7, connection), toxic("front", NOOP, 1), half);
      boolean first = delays(bench);
      bench.update(half);
      boolean second = delays(bench);
      byUpdate += first == second ? 0 : 1;
      bench.add(toxic("behind", NOOP, 1));
      boolean third = delays(bench);
      byNeighbour += second == third ? 0 : 1;
      bench.update(toxic("front", NOOP, 1));
      byOneInFront += third == delays(bench) ? 0 : 1;
    }
    assertThat(byUpdate).isBetween(420, 580);
    assertThat(byNeighbour).isBetween(420, 580);
    assertThat(byOneInFront).isZero();
  }

  private static boolean delays(Bench bench) {
    bench.arrived.clear();
    boolean delayed = bench.send("a").text().isEmpty();
    bench.advanceMillis(10);
    return delayed;
  }

  @Test
  void theSameSeedDrawsTheSameAndAnotherSeedOther() {
    assertThat(draws(5)).isEqualTo(draws(5)).isNotEqualTo(draws(6));
  }

  private static List<Boolean> draws(long seed) {
    List<Boolean> draws = new ArrayList<>();
    for (int connection = 0; connection < 64; connection++) {
      draws.add(delays(new Bench(Seeds.mix(seed, connection), toxic("t", LATENCY, 0.5f, 10, 0))));
    }
    return draws;
  }

  @Test
  void otherToxicsDoNotChangeWhatAToxicDraws() {
    for (int connection = 0; connection < 64; connection++) {
      Toxic half = toxic("t", LATENCY, 0.5f, 10, 0);
      long seed = Seeds.mix(9, connection);
      assertThat(delays(new Bench(seed, toxic("u", NOOP, 0.5f), half)))
          .isEqualTo(delays(new Bench(seed, half)));
    }
  }

  /**
   * Toxics that lose nothing come, change and go while chunks flow: what comes out is what went in.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void nothingIsLostOrReorderedUnderChurn(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Bench bench = new Bench(seed);
    List<Toxic> present = new ArrayList<>();
    StringBuilder sent = new StringBuilder();
    for (int step = 0; step < 8192; step++) {
      switch (random.nextInt(8)) {
        case 0 -> {
          Toxic toxic = harmless("t" + step, random);
          if (present.size() < 5) {
            present.add(toxic);
            bench.add(toxic);
          }
        }
        case 1 -> {
          if (!present.isEmpty()) {
            bench.remove(present.remove(random.nextInt(present.size())));
          }
        }
        case 2 -> {
          if (!present.isEmpty()) {
            Toxic toxic = present.get(random.nextInt(present.size()));
            bench.update(toxic.with(random.nextFloat() * 2, toxic.attributes()));
          }
        }
        case 3 -> bench.full = true;
        case 4 -> bench.drain();
        case 5 -> bench.advanceMicros(random.nextInt(20_000));
        default -> {
          if (bench.reads > 0) {
            String text = Integer.toString(step, 36) + " ";
            sent.append(text);
            bench.send(text);
          }
        }
      }
    }
    bench.drain();
    present.forEach(bench::remove);
    bench.end();
    assertThat(bench.text()).isEqualTo(sent.toString()).hasSizeGreaterThan(1000);
    assertThat(bench.closed).isTrue();
    assertThat(bench.nothingLeaks()).isTrue();
  }

  private static Toxic harmless(String name, SplittableRandom random) {
    ToxicType type =
        List.of(NOOP, LATENCY, BANDWIDTH, SLICER, SLOW_CLOSE, LIMIT_DATA).get(random.nextInt(6));
    return switch (type) {
      case LATENCY -> toxic(name, type, 1, random.nextInt(10), random.nextInt(4));
      case BANDWIDTH -> toxic(name, type, 1, random.nextInt(5));
      case SLICER -> toxic(name, type, 1, 2, 1, random.nextInt(100));
      case SLOW_CLOSE -> toxic(name, type, 1, 5);
      case LIMIT_DATA -> toxic(name, type, 1, Long.MAX_VALUE);
      default -> toxic(name, type, 1);
    };
  }
}
