package io.refmesh.proxy;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.accept.Accepted;
import io.refmesh.proxy.accept.ConnectionMeter;
import io.refmesh.proxy.accept.OncePerMinute;
import io.refmesh.proxy.relay.Dialer;
import io.refmesh.proxy.relay.TcpRelay;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Connections to what is not of the mesh: bytes as they are, to the very address that the
 * application called. On the event loop of the connection.
 */
final class OutsideRelays {

  private static final Logger LOG = Logger.getLogger(OutsideRelays.class.getName());

  private final Dialer dialer;
  private final ProxyMetrics metrics;
  private final OncePerMinute lines;

  OutsideRelays(Dialer dialer, Ticker ticker, ProxyMetrics metrics) {
    this.dialer = dialer;
    this.metrics = metrics;
    lines = new OncePerMinute(ticker);
  }

  void begin(Accepted accepted, HostPort address) {
    accepted.meter().name();
    new Connection(accepted, address).begin();
  }

  private final class Connection implements TcpRelay.Listener, Dialer.Told {

    private final Accepted accepted;
    private final HostPort address;
    private @Nullable TcpRelay relay;

    Connection(Accepted accepted, HostPort address) {
      this.accepted = accepted;
      this.address = address;
    }

    void begin() {
      Channel channel = accepted.channel();
      relay = TcpRelay.begin(channel, TcpRelay.Wire.PLAIN, this);
      dialer.dial(
          channel.eventLoop(),
          address,
          BackendSettings.DEFAULT.connectTimeout(),
          new ConnectionMeter.Labels(
              "outbound",
              "dst",
              false,
              "",
              "",
              Integer.toString(address.port()),
              address.toString()),
          this);
    }

    @Override
    public void connected(Channel channel) {
      if (relay != null) {
        relay.join(channel, TcpRelay.Wire.PLAIN);
      }
    }

    @Override
    public void failed(MeshError error, String detail) {
      if (relay == null || relay.over()) {
        return;
      }
      metrics.counter(ProxyMetric.REFUSED_TOTAL, "outbound", error.code()).increment();
      if (lines.due(address + error.code())) {
        LOG.log(
            Level.WARNING,
            "connection out of the mesh failed: address={0} error={1} detail=\"{2}\"",
            new Object[] {address, error.code(), detail});
      }
      relay.cut(error.code());
    }

    @Override
    public void closed(String error) {
      if (!error.isEmpty()) {
        accepted.meter().broken(error);
      }
    }
  }
}
