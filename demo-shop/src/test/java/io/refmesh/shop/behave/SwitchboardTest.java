package io.refmesh.shop.behave;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SwitchboardTest {
  @Test
  void pathsMatchByWholeSegments() throws Exception {
    Switchboard board = board(1, "a-0", "{\"path\":\"/items\",\"method\":\"GET\",\"status\":500}");
    assertThat(hit(board, "GET", "/items", "")).isTrue();
    assertThat(hit(board, "GET", "/items/7", "")).isTrue();
    assertThat(hit(board, "GET", "/itemsx", "")).isFalse();
    assertThat(hit(board, "POST", "/items", "")).isFalse();
    assertThat(hit(board, "GET", "/", "")).isFalse();
  }

  @Test
  void theFirstRuleThatHitsIsApplied() throws Exception {
    Switchboard board =
        board(
            1,
            "a-0",
            "{\"firstN\":1,\"status\":501},{\"everyNth\":2,\"status\":502},{\"status\":503}");
    List<Integer> statuses = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      statuses.add(((Action.Status) board.judge("GET", "/", "").action()).code());
    }
    assertThat(statuses).containsExactly(501, 503, 502, 503, 502);
    assertThat(board.counts())
        .containsExactly(new RuleCounts(0, 5, 1), new RuleCounts(1, 4, 2), new RuleCounts(2, 2, 2));
  }

  @Test
  void percentIsNearItsShareAndRepeatable() throws Exception {
    String rule = "{\"percent\":10,\"status\":503}";
    List<Boolean> draws = draws(board(42, "a-0", rule), 20_000);
    // Three standard deviations of 20,000 draws at 10 %: 127.
    assertThat(draws.stream().filter(hit -> hit).count()).isBetween(1_873L, 2_127L);
    assertThat(draws(board(42, "a-0", rule), 20_000)).isEqualTo(draws);
    assertThat(draws(board(42, "a-1", rule), 20_000)).isNotEqualTo(draws);
    assertThat(draws(board(43, "a-0", rule), 20_000)).isNotEqualTo(draws);
  }

  @Test
  void latencyDoesNotShiftTheDraws() throws Exception {
    List<Boolean> plain = draws(board(42, "a-0", "{\"percent\":30,\"status\":503}"), 500);
    String slow = "{\"percent\":30,\"status\":503,\"latency\":{\"meanMs\":5,\"p99Ms\":20}}";
    assertThat(draws(board(42, "a-0", slow), 500)).isEqualTo(plain);
  }

  @Test
  void settingTheSameRulesStartsTheDrawsOver() throws Exception {
    Switchboard board = board(42, "a-0", "{\"percent\":30,\"status\":503}");
    List<Boolean> first = draws(board, 100);
    board.restore();
    assertThat(draws(board, 100)).isEqualTo(first);
  }

  @Test
  void anIdHasOneFateOnAllInstances() throws Exception {
    String rule = "{\"shareSeeded\":25,\"status\":503}";
    Switchboard one = board(42, "a-0", rule);
    Switchboard other = board(42, "b-1", rule);
    int hits = 0;
    for (int i = 0; i < 10_000; i++) {
      boolean hit = hit(one, "GET", "/", "id-" + i);
      assertThat(hit(one, "GET", "/", "id-" + i)).isEqualTo(hit);
      assertThat(hit(other, "GET", "/", "id-" + i)).isEqualTo(hit);
      hits += hit ? 1 : 0;
    }
    assertThat(hits).isBetween(2_370, 2_630);
    assertThat(hit(one, "GET", "/", "")).isFalse();
  }

  @Test
  void latencyHasTheMeanAndThePercentileAskedFor() throws Exception {
    Switchboard board = board(42, "a-0", "{\"latency\":{\"meanMs\":20,\"p99Ms\":120}}");
    double[] millis = new double[50_000];
    for (int i = 0; i < millis.length; i++) {
      millis[i] = board.judge("GET", "/", "").delayNanos() / 1e6;
    }
    Arrays.sort(millis);
    assertThat(Arrays.stream(millis).average().orElseThrow()).isCloseTo(20, within(1.0));
    assertThat(millis[49_500]).isCloseTo(120, within(8.0));
  }

  private static List<Boolean> draws(Switchboard board, int count) {
    List<Boolean> draws = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      draws.add(hit(board, "GET", "/", ""));
    }
    return draws;
  }

  private static boolean hit(Switchboard board, String method, String path, String id) {
    return board.judge(method, path, id).action() instanceof Action.Status;
  }

  private static Switchboard board(long seed, String instance, String rules) throws Exception {
    return new Switchboard(BehaviourReader.read("{\"rules\":[" + rules + "]}"), seed, instance);
  }
}
