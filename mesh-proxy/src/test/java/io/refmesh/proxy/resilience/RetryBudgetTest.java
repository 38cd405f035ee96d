package io.refmesh.proxy.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.policy.RetrySettings;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RetryBudgetTest {

  private final MockTicker ticker = Ticker.newMockTicker();

  @Test
  void allowsAShareOfTheRequests() {
    RetryBudget budget = budget(20, 0);
    for (int i = 0; i < 100; i++) {
      budget.request();
    }
    assertThat(retries(budget, 100)).isEqualTo(20);
  }

  @Test
  void allowsSomeRetriesWithoutRequests() {
    assertThat(retries(budget(20, 10), 1000)).isEqualTo(100);
  }

  @Test
  void forgetsWhatIsOlderThanTheWindow() {
    RetryBudget budget = budget(0, 1);
    assertThat(retries(budget, 100)).isEqualTo(10);
    ticker.advance(10, TimeUnit.SECONDS);
    assertThat(retries(budget, 100)).isZero();
    ticker.advance(1, TimeUnit.SECONDS);
    assertThat(retries(budget, 100)).isEqualTo(10);
  }

  @Test
  void neverGivesMoreThanTheBudgetInAnyWindow() {
    RetryBudget budget = budget(20, 10);
    int[] requests = new int[60];
    int[] retries = new int[60];
    for (int second = 0; second < 60; second++) {
      for (int i = 0; i < 50; i++) {
        budget.request();
        requests[second]++;
        retries[second] += budget.tryRetry() ? 1 : 0;
      }
      int from = Math.max(0, second - 9);
      int inWindow = 0;
      int allowed = 100;
      for (int s = from; s <= second; s++) {
        inWindow += retries[s];
        allowed += requests[s] / 5;
      }
      assertThat(inWindow).isLessThanOrEqualTo(allowed);
      ticker.advance(1, TimeUnit.SECONDS);
    }
  }

  @Test
  void neverGivesMoreWhenAllLoopsAskAtOnce() throws InterruptedException {
    RetryBudget budget = budget(0, 100);
    AtomicInteger given = new AtomicInteger();
    try (ExecutorService loops = Executors.newFixedThreadPool(4)) {
      for (int loop = 0; loop < 4; loop++) {
        loops.execute(() -> {
          for (int i = 0; i < 5_000; i++) {
            if (budget.tryRetry()) {
              given.incrementAndGet();
            }
          }
        });
      }
    }
    assertThat(given.get()).isLessThanOrEqualTo(1000).isGreaterThan(900);
  }

  private RetryBudget budget(int percent, int minPerSecond) {
    return new RetryBudget(
        new RetrySettings.Budget(percent, minPerSecond, Duration.ofSeconds(10)), ticker);
  }

  private static int retries(RetryBudget budget, int asked) {
    int given = 0;
    for (int i = 0; i < asked; i++) {
      given += budget.tryRetry() ? 1 : 0;
    }
    return given;
  }
}
