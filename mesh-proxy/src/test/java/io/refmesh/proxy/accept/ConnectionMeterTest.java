package io.refmesh.proxy.accept;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Ticker;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import org.junit.jupiter.api.Test;

class ConnectionMeterTest {

  private static final ConnectionMeter.Labels LABELS =
      new ConnectionMeter.Labels("inbound", "src", false, "", "", "8080", "127.1.3.1:8080");
  private static final String[] PLAIN = {
    "inbound", "src", "false", "shop", "cart", "8080", "127.1.3.1:8080"
  };
  private static final String[] SECURED = {
    "inbound", "src", "true", "shop", "cart", "8080", "127.1.3.1:8080"
  };

  private final ProxyMetrics metrics = new ProxyMetrics(Ticker.systemTicker(), 100);

  @Test
  void countsBytesFromBeforeItsNameWasKnown() {
    ConnectionMeter meter = new ConnectionMeter(metrics, LABELS);
    EmbeddedChannel channel = new EmbeddedChannel(meter);
    channel.writeInbound(Unpooled.wrappedBuffer(new byte[100]));
    meter.serves("shop", "cart");
    meter.nameSecured();
    channel.writeInbound(Unpooled.wrappedBuffer(new byte[11]));
    channel.writeOutbound(Unpooled.wrappedBuffer(new byte[7]));
    assertThat(metrics.counter(ProxyMetric.TCP_OPEN_TOTAL, SECURED).value()).isEqualTo(1);
    assertThat(metrics.gauge(ProxyMetric.TCP_OPEN_CONNECTIONS, SECURED).value()).isEqualTo(1);
    assertThat(metrics.counter(ProxyMetric.TCP_READ_BYTES_TOTAL, SECURED).value()).isEqualTo(111);
    assertThat(metrics.counter(ProxyMetric.TCP_WRITE_BYTES_TOTAL, SECURED).value()).isEqualTo(7);
    channel.finishAndReleaseAll();
    assertThat(metrics.gauge(ProxyMetric.TCP_OPEN_CONNECTIONS, SECURED).value()).isZero();
  }

  @Test
  void countsAConnectionThatBreaksUnnamed() {
    ConnectionMeter meter = new ConnectionMeter(metrics, LABELS);
    EmbeddedChannel channel = new EmbeddedChannel(meter);
    meter.serves("shop", "cart");
    meter.broken("plaintext");
    channel.close();
    assertThat(metrics.counter(ProxyMetric.TCP_OPEN_TOTAL, PLAIN).value()).isEqualTo(1);
    String[] closed = java.util.Arrays.copyOf(PLAIN, PLAIN.length + 1);
    closed[PLAIN.length] = "plaintext";
    assertThat(metrics.counter(ProxyMetric.TCP_CLOSE_TOTAL, closed).value()).isEqualTo(1);
  }
}
