package io.refmesh.proxy.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.testkit.Golden;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class ProxyMetricTest {

  @Test
  void hasASentenceForEveryMetric() {
    for (ProxyMetric metric : ProxyMetric.values()) {
      assertThat(metric.sentence()).as(metric.name()).hasSizeGreaterThan(10).endsWith(".");
      assertThat(metric.sentence()).as(metric.name()).doesNotContain("\n");
    }
  }

  @Test
  void namesMetricsAsPrometheusWants() {
    for (ProxyMetric metric : ProxyMetric.values()) {
      assertThat(metric.metricName())
          .matches("[a-z][a-z0-9_]*")
          .isEqualTo(metric.name().toLowerCase(Locale.ROOT));
      assertThat(metric.labels())
          .doesNotHaveDuplicates()
          .allMatch(label -> label.matches("[a-z][a-z0-9_]*"));
      if (metric.kind() == ProxyMetric.Kind.COUNTER) {
        assertThat(metric.metricName()).endsWith("_total");
      } else {
        assertThat(metric.metricName()).doesNotEndWith("_total");
      }
    }
    assertThat(Arrays.stream(ProxyMetric.values()).map(ProxyMetric::metricName))
        .doesNotHaveDuplicates();
  }

  @Test
  void isTheReferencePage() {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        # Metrics of the proxy

        What `GET /metrics` on the admin port of a sidecar counts. Names and labels are Linkerd's where Linkerd has the metric.
        A label that does not apply has the empty value. Series without an event for ten minutes leave the page, unless they are
        gauges above 0; at most `REFMESH_SERIES` are kept. What comes beyond that is counted in one more series of its metric, whose
        labels all say `overflow`.

        This page is made from `ProxyMetric`; `-Dgolden.update` writes it.

        | Metric | Kind | Labels | Meaning |
        |---|---|---|---|
        """);
    for (ProxyMetric metric : ProxyMetric.values()) {
      page.append("| `").append(metric.metricName()).append("` | ");
      page.append(metric.kind().name().toLowerCase(Locale.ROOT));
      if (!metric.unit().isEmpty()) {
        page.append(", ").append(metric.unit());
      }
      page.append(" | ");
      page.append(
          metric.labels().isEmpty()
              ? "none"
              : String.join(
                  ", ", metric.labels().stream().map(label -> "`" + label + "`").toList()));
      page.append(" | ").append(metric.sentence()).append(" |\n");
    }
    page.append("\nBuckets of `response_latency_ms`, upper bounds in ms: ");
    page.append(
        String.join(
            ", ",
            Arrays.stream(ProxyMetric.LATENCY_BUCKETS_MS)
                .mapToObj(bound -> Integer.toString((int) bound))
                .toList()));
    page.append(".\n");

    Golden.assertMatches(Path.of("../docs/reference/metrics.md"), page.toString());
  }
}
