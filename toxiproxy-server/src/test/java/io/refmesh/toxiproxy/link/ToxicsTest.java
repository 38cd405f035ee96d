package io.refmesh.toxiproxy.link;

import static io.refmesh.toxiproxy.link.Bench.toxic;
import static io.refmesh.toxiproxy.toxic.ToxicType.BANDWIDTH;
import static io.refmesh.toxiproxy.toxic.ToxicType.LATENCY;
import static io.refmesh.toxiproxy.toxic.ToxicType.LIMIT_DATA;
import static io.refmesh.toxiproxy.toxic.ToxicType.RESET_PEER;
import static io.refmesh.toxiproxy.toxic.ToxicType.SLICER;
import static io.refmesh.toxiproxy.toxic.ToxicType.SLOW_CLOSE;
import static io.refmesh.toxiproxy.toxic.ToxicType.TIMEOUT;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.toxiproxy.toxic.Toxic;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Each toxic on its own, on a clock that the test moves. */
class ToxicsTest {

  @Nested
  class LatencyToxic {
    @Test
    void chunksLeaveAtTheirReceiveTimePlusLatency() {
      Bench bench = new Bench(toxic(LATENCY, 100, 0));
      bench.send("a").pass(40).send("b").pass(59);
      assertThat(bench.text()).isEmpty();
      bench.pass(1);
      assertThat(bench.text()).isEqualTo("a");
      bench.pass(39);
      assertThat(bench.text()).isEqualTo("a");
      bench.pass(1);
      assertThat(bench.text()).isEqualTo("ab");
    }

    @Test
    void jitterStaysWithinItsBoundsAndOrderIsKept() {
      Bench bench = new Bench(toxic(LATENCY, 100, 50));
      long sentMicros = 0;
      for (int i = 0; i < 200; i++) {
        bench.send("a").pass(200);
        assertThat(bench.arrived).hasSize(i + 1);
        assertThat(bench.arrivedMicros.get(i) - sentMicros).isBetween(50_000L, 150_000L);
        sentMicros += 200_000;
      }
      bench.arrived.clear();
      for (int i = 0; i < 200; i++) {
        bench.send(Character.toString('a' + i % 26));
      }
      bench.pass(200);
      assertThat(bench.text()).startsWith("abcdefghijklmnopqrstuvwxyzabc").hasSize(200);
    }

    @Test
    void twoLatenciesAddUp() {
      Bench bench = new Bench(toxic("one", LATENCY, 1, 500, 0), toxic("two", LATENCY, 1, 500, 0));
      bench.send("a").pass(999);
      assertThat(bench.text()).isEmpty();
      bench.pass(1);
      assertThat(bench.text()).isEqualTo("a");
    }

    @Test
    void theCloseFollowsTheDataWithoutADelayOfItsOwn() {
      Bench bench = new Bench(toxic(LATENCY, 100, 0));
      bench.send("a").end();
      bench.pass(99);
      assertThat(bench.closed).isFalse();
      bench.pass(1);
      assertThat(bench.text()).isEqualTo("a");
      assertThat(bench.closed).isTrue();
      Bench idle = new Bench(toxic(LATENCY, 100, 0));
      idle.end();
      assertThat(idle.closed).isTrue();
    }

    @Test
    void theQueueIsBounded() {
      Bench bench = new Bench(toxic(LATENCY, 100, 0));
      int taken = 0;
      while (bench.reads > 0) {
        bench.send("a");
        taken++;
      }
      assertThat(taken).isEqualTo(LatencyFlow.QUEUE_MAX);
      bench.pass(100);
      assertThat(bench.arrived).hasSize(taken);
      assertThat(bench.reads).isEqualTo(1);
    }

    @Test
    void aNegativeLatencyDelaysNothingAndAnEndlessOneNeverOverflows() {
      assertThat(new Bench(toxic(LATENCY, -5, 0)).send("a").text()).isEqualTo("a");
      Bench endless = new Bench(toxic(LATENCY, Long.MAX_VALUE, Long.MAX_VALUE / 2));
      endless.send("a").pass(10);
      assertThat(endless.text()).isEmpty();
    }
  }

  @Nested
  class BandwidthToxic {
    @Test
    void dataTakesAsLongAsTheRateSays() {
      Bench bench = new Bench(toxic(BANDWIDTH, 1000));
      for (int i = 0; i < 15; i++) {
        bench.sendBytes(32_000).pass(31);
        assertThat(bench.arrived).hasSize(i);
        bench.pass(1);
        assertThat(bench.arrived).hasSize(i + 1);
      }
      assertThat(bench.arrivedMicros.getLast()).isEqualTo(480_000);
    }

    @Test
    void chunksThatTakeLongAreCutIntoPiecesOf100Millis() {
      Bench bench = new Bench(toxic(BANDWIDTH, 10));
      bench.sendBytes(5500).pass(550);
      assertThat(bench.sizes()).containsExactly(1000, 1000, 1000, 1000, 1000, 500);
      assertThat(bench.arrivedMicros)
          .containsExactly(100_000L, 200_000L, 300_000L, 400_000L, 500_000L, 550_000L);
    }

    @Test
    void lateTimersDoNotAddUp() {
      Bench bench = new Bench(toxic(BANDWIDTH, 100));
      for (int i = 0; i < 100; i++) {
        // Each piece takes 10 ms; the clock is looked at every 7 ms.
        while (bench.reads == 0) {
          bench.advanceMillis(7);
        }
        bench.sendBytes(1000);
      }
      while (bench.arrived.size() < 100) {
        bench.advanceMillis(7);
      }
      assertThat(bench.arrivedMicros.getLast()).isBetween(1_000_000L, 1_007_000L);
    }

    @Test
    void rate0StallsWithoutClosingAndTheDataComesWhenTheToxicGoes() {
      Toxic stall = toxic(BANDWIDTH, 0);
      Bench bench = new Bench(stall);
      bench.send("a").pass(5000);
      assertThat(bench.text()).isEmpty();
      assertThat(bench.closed).isFalse();
      bench.remove(stall);
      assertThat(bench.text()).isEqualTo("a");
    }

    @Test
    void anEndlessRateTakesNoTime() {
      assertThat(new Bench(toxic(BANDWIDTH, Long.MAX_VALUE)).sendBytes(32_768).sizes())
          .containsExactly(32_768);
    }
  }

  @Nested
  class SlicerToxic {
    @Test
    void withoutVariationPiecesAreHalvedUntilTheyFit() {
      Bench bench = new Bench(toxic(SLICER, 30, 0, 0));
      bench.sendBytes(100);
      assertThat(bench.sizes()).containsExactly(25, 25, 25, 25);
    }

    @Test
    void withVariationPiecesStayWithinItAndAddUp() {
      Bench bench = new Bench(toxic(SLICER, 1024, 512, 0));
      for (int i = 0; i < 15; i++) {
        bench.sendBytes(32_000);
      }
      assertThat(bench.sizes().stream().mapToInt(Integer::intValue).sum()).isEqualTo(480_000);
      assertThat(bench.sizes()).allSatisfy(size -> assertThat(size).isBetween(1, 1536));
      assertThat(bench.arrived).hasSizeBetween(240, 720);
    }

    @Test
    void aPauseFollowsEachPieceAlsoTheLast() {
      Bench bench = new Bench(toxic(SLICER, 1, 0, 100));
      bench.send("abcd");
      assertThat(bench.text()).isEqualTo("a");
      bench.advanceMicros(99);
      assertThat(bench.text()).isEqualTo("a");
      bench.advanceMicros(1);
      assertThat(bench.text()).isEqualTo("ab");
      bench.advanceMicros(100).advanceMicros(100);
      assertThat(bench.text()).isEqualTo("abcd");
      bench.send("e");
      assertThat(bench.text()).isEqualTo("abcd");
      bench.advanceMicros(100);
      assertThat(bench.text()).isEqualTo("abcde");
    }

    @Test
    void aChangeLetsTheRestOfTheChunkGoInOnePiece() {
      Toxic slicer = toxic(SLICER, 1, 0, 1000);
      Bench bench = new Bench(slicer);
      bench.send("abcd");
      bench.update(slicer);
      assertThat(bench.arrived).containsExactly("a", "bcd");
    }

    @Test
    void aFullDestinationHoldsPiecesBack() {
      Bench bench = new Bench(toxic(SLICER, 1, 0, 0));
      bench.full = true;
      bench.send("abcd");
      assertThat(bench.text()).isEmpty();
      bench.drain();
      assertThat(bench.arrived).containsExactly("a", "b", "c", "d");
    }
  }

  @Nested
  class LimitDataToxic {
    @Test
    void exactlySoManyBytesPassAndThenItCloses() {
      Bench bench = new Bench(toxic(LIMIT_DATA, 5));
      bench.send("abc");
      assertThat(bench.closed).isFalse();
      bench.send("defg");
      assertThat(bench.text()).isEqualTo("abcde");
      assertThat(bench.closed).isTrue();
      assertThat(bench.reads).isZero();
    }

    @Test
    void aChunkOfExactlyTheLimitCloses() {
      Bench bench = new Bench(toxic(LIMIT_DATA, 3));
      bench.send("abc");
      assertThat(bench.text()).isEqualTo("abc");
      assertThat(bench.closed).isTrue();
    }

    @Test
    void aSmallerChunkPasses() {
      Bench bench = new Bench(toxic(LIMIT_DATA, 3));
      bench.send("ab").end();
      assertThat(bench.text()).isEqualTo("ab");
      assertThat(bench.closed).isTrue();
    }

    @Test
    void zeroClosesOnTheFirstDataAndNotBefore() {
      Bench bench = new Bench(toxic(LIMIT_DATA, 0));
      assertThat(bench.closed).isFalse();
      bench.send("a");
      assertThat(bench.text()).isEmpty();
      assertThat(bench.closed).isTrue();
    }

    @Test
    void theCountSurvivesAnUpdate() {
      Bench bench = new Bench(toxic(LIMIT_DATA, 10));
      bench.send("abcdef");
      bench.update(toxic(LIMIT_DATA, 8));
      bench.send("ghijkl");
      assertThat(bench.text()).isEqualTo("abcdefgh");
      assertThat(bench.closed).isTrue();
    }

    @Test
    void aLimitBelowWhatHasPassedClosesOnTheNextData() {
      Bench bench = new Bench(toxic(LIMIT_DATA, 10));
      bench.send("abcdef");
      bench.update(toxic(LIMIT_DATA, 2));
      assertThat(bench.closed).isFalse();
      bench.send("g");
      assertThat(bench.text()).isEqualTo("abcdef");
      assertThat(bench.closed).isTrue();
    }

    @Test
    void theLimitHoldsWhenTheToxicGoesWhileTheLastBytesWait() {
      Toxic limit = toxic(LIMIT_DATA, 2);
      Bench bench = new Bench(limit);
      bench.full = true;
      bench.send("abc");
      bench.remove(limit);
      bench.drain();
      assertThat(bench.text()).isEqualTo("ab");
      assertThat(bench.closed).isTrue();
    }
  }

  @Nested
  class SlowCloseToxic {
    @Test
    void dataPassesAndTheCloseWaits() {
      Bench bench = new Bench(toxic(SLOW_CLOSE, 100));
      bench.send("a").end();
      assertThat(bench.text()).isEqualTo("a");
      bench.pass(99);
      assertThat(bench.closed).isFalse();
      bench.pass(1);
      assertThat(bench.closed).isTrue();
    }

    @Test
    void removalLetsTheCloseThrough() {
      Toxic slow = toxic(SLOW_CLOSE, 100_000);
      Bench bench = new Bench(slow);
      bench.end();
      assertThat(bench.closed).isFalse();
      bench.remove(slow);
      assertThat(bench.closed).isTrue();
    }
  }

  @Nested
  class TimeoutToxic {
    @Test
    void zeroSwallowsEverythingForEverAndRemovalCloses() {
      Toxic hole = toxic(TIMEOUT, 0);
      Bench bench = new Bench(hole);
      for (int i = 0; i < 100; i++) {
        bench.send("a").pass(100);
      }
      assertThat(bench.text()).isEmpty();
      assertThat(bench.closed).isFalse();
      assertThat(bench.nothingLeaks()).isTrue();
      bench.remove(hole);
      assertThat(bench.closed).isTrue();
    }

    @Test
    void removalClosesEvenWhereTheDrawMadeItANoop() {
      Toxic noop = toxic("t", TIMEOUT, 0, 0);
      Bench bench = new Bench(noop);
      bench.send("a");
      bench.remove(noop);
      assertThat(bench.text()).isEqualTo("a");
      assertThat(bench.closed).isTrue();
    }

    @Test
    void eachChunkStartsTheTimeoutAnew() {
      Bench bench = new Bench(toxic(TIMEOUT, 100));
      bench.pass(90).send("a").pass(90).send("b").pass(99);
      assertThat(bench.closed).isFalse();
      bench.pass(1);
      assertThat(bench.closed).isTrue();
      assertThat(bench.text()).isEmpty();
    }

    @Test
    void theSourcesEndPassesAtOnce() {
      Bench bench = new Bench(toxic(TIMEOUT, 0));
      bench.end();
      assertThat(bench.closed).isTrue();
    }

    @Test
    void aChunkThatWasOnItsWayBeforeTheToxicActedIsNotSwallowed() {
      Bench bench = new Bench(toxic("t", TIMEOUT, 0, 0));
      bench.full = true;
      bench.send("a");
      bench.update(toxic("t", TIMEOUT, 1, 0));
      bench.drain();
      bench.send("b");
      assertThat(bench.text()).isEqualTo("a");
      assertThat(bench.nothingLeaks()).isTrue();
    }
  }

  @Nested
  class ResetPeerToxic {
    @Test
    void firstDataIsSwallowedAndTheTimeoutEndsInAClose() {
      Bench bench = new Bench(toxic(RESET_PEER, 100));
      bench.pass(500);
      assertThat(bench.closed).isFalse();
      bench.send("a");
      assertThat(bench.reads).isZero();
      bench.pass(99);
      assertThat(bench.closed).isFalse();
      bench.pass(1);
      assertThat(bench.closed).isTrue();
      assertThat(bench.text()).isEmpty();
    }

    @Test
    void withoutATimeoutItClosesAtOnce() {
      Bench bench = new Bench(toxic(RESET_PEER, 0));
      bench.send("a");
      assertThat(bench.closed).isTrue();
    }

    @Test
    void removalEndsAResetThatHasBegunAtOnceAndSparesOneThatHasNot() {
      Toxic reset = toxic(RESET_PEER, 60_000);
      Bench begun = new Bench(reset);
      begun.send("a");
      begun.remove(reset);
      assertThat(begun.closed).isTrue();
      Bench idle = new Bench(reset);
      idle.remove(reset);
      assertThat(idle.send("a").text()).isEqualTo("a");
      assertThat(idle.closed).isFalse();
    }

    @Test
    void anUpdateMovesTheCloseOfAResetThatHasBegun() {
      Bench bench = new Bench(toxic(RESET_PEER, 60_000));
      bench.send("a").pass(50);
      bench.update(toxic("reset_peer", RESET_PEER, 0, 100));
      bench.pass(49);
      assertThat(bench.closed).isFalse();
      bench.pass(1);
      assertThat(bench.closed).isTrue();
    }
  }
}
