package io.refmesh.proxy.http.client;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/2 to one endpoint: all exchanges share one connection. A further one is made when the peer
 * takes no more streams on those there are, and a new one when the peer said goodbye.
 */
final class MultiplexedUpstream implements Upstream {

  private final Connector connector;
  private final ClientSettings settings;
  private final Ticker ticker;
  private final boolean sidecar;
  private final WaitingLine line;
  private final int connectionsMost;
  private final List<Http2Connection> connections = new ArrayList<>(1);
  private boolean connecting;
  private boolean closed;

  MultiplexedUpstream(
      Connector connector,
      ClientSettings settings,
      BackendSettings.Limits limits,
      Ticker ticker,
      boolean sidecar) {
    this.connector = connector;
    this.settings = settings;
    this.ticker = ticker;
    this.sidecar = sidecar;
    this.line = new WaitingLine(limits.pending(), connector.name());
    this.connectionsMost = limits.connections() == 0 ? Integer.MAX_VALUE : limits.connections();
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    handle(exchange, reply, false);
  }

  /**
   * @param again whether the pool tries it for the second time, after a peer refused the stream
   *     unprocessed
   */
  void handle(Exchange exchange, Reply reply, boolean again) {
    Http2Connection connection = line.isEmpty() ? maybeUsable() : null;
    if (connection != null) {
      connection.start(exchange, reply, again);
    } else if (line.join(exchange, reply, again)) {
      tellWhoWaits();
      maybeConnect();
    }
  }

  /**
   * Retires everything: idle connections close now, busy ones after their last stream. Who waits is
   * served, and so is who comes late: an exchange goes on with the endpoints it began with.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    for (Http2Connection connection : List.copyOf(connections)) {
      connection.retire();
    }
  }

  // -- what connections say

  /** A stream ended, or the peer raised its limit. */
  void roomOn(Http2Connection connection) {
    while (!line.isEmpty() && connection.hasRoom()) {
      Waiting next = line.next();
      if (next == null) {
        return;
      }
      connection.start(next.exchange(), next.reply(), next.again());
    }
    maybeConnect();
  }

  /** It takes no more streams. */
  void retired(Http2Connection connection) {
    connections.remove(connection);
    maybeConnect();
  }

  boolean sidecar() {
    return sidecar;
  }

  Ticker ticker() {
    return ticker;
  }

  private @Nullable Http2Connection maybeUsable() {
    for (Http2Connection connection : connections) {
      if (connection.hasRoom()) {
        return connection;
      }
    }
    return null;
  }

  /** Called when somebody has to wait though there are connections: each has all it may have. */
  private void tellWhoWaits() {
    if (!connections.isEmpty() && !line.isEmpty()) {
      settings.http2().streamsReached().run();
    }
  }

  private void maybeConnect() {
    if (connecting || line.isEmpty() || connections.size() >= connectionsMost) {
      return;
    }
    connecting = true;
    connector.connect(new FirstSettings());
  }

  /**
   * A connection is one when the peer's first SETTINGS are here: only then it has proved that it
   * speaks HTTP/2, said how many streams it takes, and an exchange that never got so far is surely
   * unprocessed.
   */
  private final class FirstSettings implements Connector.Told, Http2Connection.Opening {

    @Override
    public void connected(Channel channel) {
      Http2Connection.open(channel, connector, settings, MultiplexedUpstream.this, this);
    }

    @Override
    public void opened(Http2Connection connection) {
      connecting = false;
      connections.add(connection);
      roomOn(connection);
      if (closed) {
        connection.retire();
      }
      tellWhoWaits();
    }

    @Override
    public void failed(Outcome.Failed why) {
      connecting = false;
      line.fail(why);
    }
  }
}
