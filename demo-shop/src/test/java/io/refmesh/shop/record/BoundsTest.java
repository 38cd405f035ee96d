package io.refmesh.shop.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class BoundsTest {
  private static final ShopClock STILL = new ShopClock(() -> 0, () -> 1_000);

  @Test
  void theRingKeepsTheLatestAndCountsTheRest() {
    EndedRequests ring = new EndedRequests(3);
    for (int i = 0; i < 5; i++) {
      ring.add(request(), 200, Outcome.FINISHED, 1);
    }
    assertThat(seqs(ring.after(0, 10))).containsExactly(3L, 4L, 5L);
    assertThat(seqs(ring.after(3, 1))).containsExactly(4L);
    assertThat(ring.after(5, 10)).isEmpty();
    assertThat(ring.after(99, 10)).isEmpty();
    assertThat(ring.dropped()).isEqualTo(2);
    ring.clear();
    assertThat(ring.after(0, 10)).isEmpty();
    ring.add(request(), 200, Outcome.FINISHED, 1);
    assertThat(seqs(ring.after(0, 10))).containsExactly(6L);
  }

  @Test
  void aFullLedgerTakesOnlyWhatItKnows() {
    Ledger ledger = new Ledger(2, STILL);
    assertThat(ledger.apply("a", 0, "")).isPresent();
    assertThat(ledger.apply("b", 0, "")).isPresent();
    assertThat(ledger.apply("c", 0, "")).isEmpty();
    assertThat(ledger.apply("a", 0, "").orElseThrow().count()).isEqualTo(2);
    Ledger.View view = ledger.view("x", 0, false, 1);
    assertThat(view.refused()).isEqualTo(1);
    assertThat(view.effects()).isEqualTo(3);
    assertThat(view.entries()).hasSize(1);
  }

  @Test
  void idsBeyondTheBoundAreCountedAsOverflow() {
    SeenIds ids = new SeenIds(2);
    ids.see("a");
    ids.see("a");
    ids.see("b");
    assertThat(ids.see("c")).isEqualTo(1);
    assertThat(ids.see("a")).isEqualTo(3);
    assertThat(ids.view()).containsOnly(Map.entry("1", 1L), Map.entry("3", 1L));
    assertThat(ids.overflowed()).isEqualTo(1);
  }

  @Test
  void namesBeyondTheBoundAreOther() {
    CappedCounts counts = new CappedCounts(1);
    counts.add("a");
    counts.add("b");
    counts.add("c");
    assertThat(counts.view()).hasToString("{a=1, other=2}");
  }

  private static List<Long> seqs(List<EndedRequest> requests) {
    return requests.stream().map(EndedRequest::seq).toList();
  }

  private static OpenRequest request() {
    return new OpenRequest("-", "GET", "/", "-", "1", 0, 0, 0);
  }
}
