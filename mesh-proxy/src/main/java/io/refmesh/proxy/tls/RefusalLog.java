package io.refmesh.proxy.tls;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Ticker;
import io.refmesh.proxy.accept.OncePerMinute;
import java.net.InetSocketAddress;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Tells of refused handshakes: one line for each peer, reason and minute. Safe on any thread. */
final class RefusalLog {

  private static final Logger LOG = Logger.getLogger(MeshTls.class.getName());

  private final OncePerMinute lines;

  RefusalLog(Ticker ticker) {
    lines = new OncePerMinute(ticker);
  }

  void tell(Channel channel, boolean client, TlsRefused why) {
    // A peer that goes away is everyday: drains and timeouts do it.
    Level level = why.failure() == TlsFailure.CLOSED ? Level.FINE : Level.WARNING;
    String peer =
        channel.remoteAddress() instanceof InetSocketAddress address
            // A caller's port changes with each connection, an endpoint's is its name.
            ? client ? address.getHostString() + ":" + address.getPort() : address.getHostString()
            : "unknown";
    if (LOG.isLoggable(level) && lines.due(peer + " " + why.failure())) {
      LOG.log(
          level,
          "TLS handshake refused: direction={0} peer={1} reason={2} detail=\"{3}\"",
          new Object[] {
            client ? "outbound" : "inbound", peer, why.failure().text(), why.getMessage()
          });
    }
  }
}
