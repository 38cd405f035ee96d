package io.refmesh.proxy.accept;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class OncePerMinuteTest {

  private final MockTicker ticker = Ticker.newMockTicker();
  private final OncePerMinute lines = new OncePerMinute(ticker);

  @Test
  void letsOneLineForEachKeyAndMinuteThrough() {
    assertThat(lines.due("cart")).isTrue();
    assertThat(lines.due("cart")).isFalse();
    assertThat(lines.due("web")).isTrue();
    ticker.advance(59, TimeUnit.SECONDS);
    assertThat(lines.due("cart")).isFalse();
    ticker.advance(1, TimeUnit.SECONDS);
    assertThat(lines.due("cart")).isTrue();
  }

  @Test
  void forgetsOldKeysBeforeItRefusesNewOnes() {
    for (int i = 0; i < 1000; i++) {
      assertThat(lines.due("key " + i)).isTrue();
    }
    assertThat(lines.due("one more")).isFalse();
    ticker.advance(1, TimeUnit.MINUTES);
    assertThat(lines.due("one more")).isTrue();
  }
}
