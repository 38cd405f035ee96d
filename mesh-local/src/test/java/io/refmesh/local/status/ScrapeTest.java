package io.refmesh.local.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class ScrapeTest {

  private static final Scrape PAGE =
      Scrape.of(
          """
          # HELP request_total Requests
          # TYPE request_total counter
          request_total{direction="inbound",authority="cart:8080"} 3.0
          request_total{direction="outbound",authority="a{b}\\"c"} 4
          process_start_time_seconds 1.7E9
          response_latency_ms_bucket{direction="inbound",le="10.0"} 50
          response_latency_ms_bucket{direction="inbound",le="100.0"} 100
          response_latency_ms_bucket{direction="inbound",le="+Inf"} 100
          not a sample
          """);

  @Test
  void sumsSeriesByLabels() {
    assertThat(PAGE.sum("request_total")).isEqualTo(7);
    assertThat(PAGE.sum("request_total", Map.of("direction", "inbound"))).isEqualTo(3);
    assertThat(PAGE.sum("process_start_time_seconds")).isEqualTo(1.7e9);
    assertThat(PAGE.sum("gone")).isZero();
  }

  @Test
  void readsBracesAndQuotesInsideValues() {
    assertThat(PAGE.sum("request_total", Map.of("authority", "a{b}\"c"))).isEqualTo(4);
  }

  @Test
  void findsQuantilesInsideABucket() {
    assertThat(PAGE.quantile("response_latency_ms", Map.of(), 0.5)).isCloseTo(10, within(0.01));
    assertThat(PAGE.quantile("response_latency_ms", Map.of(), 0.75)).isCloseTo(55, within(0.01));
    assertThat(PAGE.quantile("gone", Map.of(), 0.5)).isNaN();
  }

  @Test
  void countsWhatItCannotRead() {
    assertThat(PAGE.unreadable()).isEqualTo(1);
  }
}
