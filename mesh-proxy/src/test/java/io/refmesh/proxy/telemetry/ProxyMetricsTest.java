package io.refmesh.proxy.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.refmesh.testkit.Golden;
import io.refmesh.testkit.acceptance.Acceptance;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProxyMetricsTest {

  private static final Duration LONG_IDLE = Duration.ofMinutes(12);

  private final MockTicker ticker = Ticker.newMockTicker();
  private final ProxyMetrics metrics = new ProxyMetrics(ticker, 100);

  @Test
  void writesThePageThatPrometheusReads() {
    metrics
        .counter(
            ProxyMetric.REQUEST_TOTAL,
            "outbound",
            "",
            "cart.shop:8080",
            "shop",
            "cart",
            "8080",
            "",
            "",
            "")
        .add(3);
    metrics
        .counter(
            ProxyMetric.RESPONSE_TOTAL,
            "outbound",
            "true",
            "cart.shop:8080",
            "shop",
            "cart",
            "8080",
            "cart",
            "cart-0",
            "shop/cart/0",
            "",
            "spiffe://cluster.local/ns/shop/sa/cart",
            "127.1.4.1:8080",
            "failure",
            "504",
            "",
            "request-timeout")
        .increment();
    Histogram latency =
        metrics.histogram(
            ProxyMetric.RESPONSE_LATENCY_MS,
            "outbound",
            "true",
            "cart.shop:8080",
            "shop",
            "cart",
            "8080",
            "cart",
            "cart-0",
            "shop/cart/0",
            "200");
    latency.recordNanos(TimeUnit.MICROSECONDS.toNanos(500));
    latency.recordNanos(TimeUnit.MILLISECONDS.toNanos(5));
    latency.recordNanos(TimeUnit.SECONDS.toNanos(60));
    metrics
        .gauge(
            ProxyMetric.TCP_OPEN_CONNECTIONS, "inbound", "src", "true", "shop", "web", "8080", "")
        .add(2);
    metrics.gauge(ProxyMetric.CERTIFICATE_NOT_AFTER_SECONDS).set(1_893_456_000);
    metrics
        .counter(
            ProxyMetric.TCP_READ_BYTES_TOTAL, "inbound", "src", "true", "shop", "web", "8080", "")
        .add(12_345);
    metrics.counter(ProxyMetric.DETECT_TIMEOUT_TOTAL, "inbound", "le=\"1.0\" \\ \n").increment();

    Golden.assertMatches(Path.of("src/test/resources/golden/metrics/sample.txt"), metrics.scrape());
  }

  @Test
  void hasEveryBucketOfLinkerdWithWholeNumbers() {
    metrics
        .histogram(ProxyMetric.RESPONSE_LATENCY_MS, "", "", "", "", "", "", "", "", "", "")
        .recordNanos(1);

    List<String> bounds = new ArrayList<>();
    metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith("response_latency_ms_bucket"))
        .forEach(
            line -> bounds.add(line.substring(line.indexOf("le=\"") + 4, line.lastIndexOf('"'))));
    assertThat(bounds)
        .containsExactly(
            ("1 2 3 4 5 10 20 30 40 50 100 200 300 400 500 1000 2000 3000 4000 5000 10000 20000 30000 40000 50000"
                    + " +Inf")
                .split(" "));
  }

  @Test
  void givesTheSameSeriesForTheSameLabels() {
    Counter counter = metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "127.1.4.1:8080");
    counter.increment();

    assertThat(metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "127.1.4.1:8080")).isSameAs(counter);
    assertThat(metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "127.1.4.2:8080").value()).isZero();
  }

  @Test
  void refusesTheWrongKindAndTheWrongNumberOfLabels() {
    assertThatThrownBy(() -> metrics.gauge(ProxyMetric.EJECTIONS_TOTAL, "a"))
        .hasMessage("metric: ejections_total is a COUNTER (expected: a GAUGE)");
    assertThatThrownBy(() -> metrics.counter(ProxyMetric.EJECTIONS_TOTAL))
        .hasMessage("metric: ejections_total with 0 label values (expected: [target_addr])");
  }

  @Test
  void countsWhatIsBeyondTheLimitInOneOverflowSeriesOfItsMetric() {
    ProxyMetrics small = new ProxyMetrics(ticker, 2);
    List<Counter> held = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      held.add(small.counter(ProxyMetric.EJECTIONS_TOTAL, "endpoint" + i));
    }
    held.forEach(Counter::increment);
    held.forEach(counter -> counter.add(2));
    small
        .histogram(ProxyMetric.RESPONSE_LATENCY_MS, "", "", "", "", "", "", "", "", "", "")
        .recordNanos(1);
    LongGauge first = small.gauge(ProxyMetric.ENDPOINT_STATE, "a", "ejected");
    LongGauge second = small.gauge(ProxyMetric.ENDPOINT_STATE, "b", "ejected");
    first.set(5);
    second.add(3);
    first.set(1);

    assertThat(small.scrape())
        .contains("ejections_total{target_addr=\"endpoint0\"} 3.0")
        .contains("ejections_total{target_addr=\"endpoint1\"} 3.0")
        .contains("ejections_total{target_addr=\"overflow\"} 24.0")
        .contains("endpoint_state{state=\"overflow\",target_addr=\"overflow\"} 4.0")
        .containsPattern("response_latency_ms_count\\{authority=\"overflow\".*} 1\n")
        .contains("metric_series_overflow_total 11.0")
        .doesNotContain("endpoint2");
  }

  @Test
  void givesRoomToASeriesThatHadNoneOnceOthersHaveLeft() {
    ProxyMetrics small = new ProxyMetrics(ticker, 1);
    small.counter(ProxyMetric.EJECTIONS_TOTAL, "gone").increment();
    Counter waiting = small.counter(ProxyMetric.EJECTIONS_TOTAL, "waiting");
    waiting.increment();
    for (int minute = 0; minute < 12; minute++) {
      ticker.advance(61, TimeUnit.SECONDS);
      small.scrape();
    }
    waiting.add(2);

    assertThat(small.scrape())
        .contains("ejections_total{target_addr=\"waiting\"} 2.0")
        .contains("ejections_total{target_addr=\"overflow\"} 1.0")
        .doesNotContain("gone");
  }

  @Test
  @Acceptance(149)
  void removesASeriesIdleForTenMinutesAndShowsItAgainWithItsNextEvent() {
    Counter counter = metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "a");
    Histogram histogram =
        metrics.histogram(ProxyMetric.RESPONSE_LATENCY_MS, "", "", "", "", "", "", "", "", "", "");
    counter.add(5);
    histogram.recordNanos(1);
    idle(LONG_IDLE);
    assertThat(metrics.scrape())
        .doesNotContain("ejections_total")
        .doesNotContain("response_latency_ms");

    counter.increment();
    histogram.recordNanos(1);

    assertThat(metrics.scrape())
        .contains("ejections_total{target_addr=\"a\"} 6.0")
        .containsPattern("response_latency_ms_count\\{.*} 1\n");
    assertThat(metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "a")).isSameAs(counter);
  }

  @Test
  void findsAnIdleSeriesAgainWhileSomebodyHoldsIt() {
    Counter counter = metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "a");
    counter.add(5);
    idle(LONG_IDLE);

    Counter again = metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "a");
    again.increment();
    counter.increment();

    assertThat(again).isSameAs(counter);
    assertThat(metrics.scrape()).contains("ejections_total{target_addr=\"a\"} 7.0");
  }

  @Test
  @Acceptance(149)
  void keepsGaugesOfWhatIsOpenAndSeriesThatMove() {
    LongGauge open = metrics.gauge(ProxyMetric.ENDPOINT_STATE, "a", "ejected");
    LongGauge closed = metrics.gauge(ProxyMetric.ENDPOINT_STATE, "b", "ejected");
    Counter busy = metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "a");
    open.set(1);
    closed.set(1);
    closed.set(0);
    for (int minute = 0; minute < 30; minute++) {
      busy.increment();
      idle(Duration.ofMinutes(1));
    }

    assertThat(metrics.scrape())
        .contains("endpoint_state{state=\"ejected\",target_addr=\"a\"} 1.0")
        .contains("ejections_total{target_addr=\"a\"} 30.0")
        .doesNotContain("target_addr=\"b\"");
  }

  @Test
  void losesNoEventWhileSeriesComeAndGo() throws InterruptedException {
    Counter counter = metrics.counter(ProxyMetric.EJECTIONS_TOTAL, "a");
    int each = 50_000;
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 2; t++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < each; i++) {
                  counter.increment();
                }
              }));
    }
    while (threads.stream().anyMatch(Thread::isAlive)) {
      ticker.advance(11, TimeUnit.MINUTES);
      metrics.scrape();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    counter.increment();

    assertThat(metrics.scrape()).contains("ejections_total{target_addr=\"a\"} 100001.0");
  }

  @Test
  void tellsOfItsProcess() {
    ProcessMetrics.addTo(metrics);

    assertThat(metrics.scrape())
        .containsPattern("process_cpu_seconds_total [0-9.E]+\n")
        .containsPattern("process_resident_memory_bytes [0-9.E]+\n")
        .containsPattern("process_open_fds [0-9.E]+\n")
        .containsPattern("process_start_time_seconds [0-9.E]+\n");
  }

  private void idle(Duration duration) {
    for (long minute = 0; minute < duration.toMinutes(); minute++) {
      ticker.advance(61, TimeUnit.SECONDS);
      metrics.scrape();
    }
  }
}
