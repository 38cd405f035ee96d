package io.refmesh.proxy.http.client;

import io.netty.channel.Channel;
import io.netty.util.concurrent.ScheduledFuture;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1 to one endpoint: one exchange at a time on a connection; connections wait for the next
 * exchange for a while, the one used last is used first.
 */
final class KeepAliveUpstream implements Upstream {

  private final Connector connector;
  private final ClientSettings settings;
  private final Ticker ticker;
  private final RandomGenerator random;
  private final WaitingLine line;
  private final int connectionsMost;
  private final ArrayDeque<Http1Connection> idle = new ArrayDeque<>();
  private @Nullable ScheduledFuture<?> idleTimer;
  private int open;
  private int connecting;
  private boolean closed;

  KeepAliveUpstream(
      Connector connector,
      ClientSettings settings,
      BackendSettings.Limits limits,
      Ticker ticker,
      RandomGenerator random) {
    this.connector = connector;
    this.settings = settings;
    this.ticker = ticker;
    this.random = random;
    this.line = new WaitingLine(limits.pending(), connector.name());
    this.connectionsMost = limits.connections() == 0 ? Integer.MAX_VALUE : limits.connections();
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    Http1Connection connection = line.isEmpty() && mayShare(exchange) ? idle.pollLast() : null;
    if (connection != null) {
      connection.start(exchange, reply);
    } else {
      handleOnNew(exchange, reply);
    }
  }

  /**
   * For an exchange whose kept connection turned out to be closed: the other kept ones may be as
   * well.
   */
  void handleOnNew(Exchange exchange, Reply reply) {
    if (line.join(exchange, reply, false)) {
      maybeConnect();
    }
  }

  /**
   * Idle connections close now, busy ones after their exchange. Who waits is served, and so is who
   * comes late: an exchange goes on with the endpoints it began with.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    for (Http1Connection connection : List.copyOf(idle)) {
      connection.close();
    }
  }

  // -- what connections say

  /** Its exchange is over, cleanly on both sides. */
  void free(Http1Connection connection) {
    Waiting first = line.peek();
    if (first != null && connection.reused() && !mayShare(first.exchange())) {
      // Its place is for a new one.
      connection.close();
      return;
    }
    Waiting next = line.next();
    if (next != null) {
      connection.start(next.exchange(), next.reply());
    } else if (closed) {
      connection.close();
    } else {
      connection.idleSince(ticker.nanoTime());
      idle.addLast(connection);
      if (idleTimer == null) {
        idleTimer =
            connector
                .loop()
                .schedule(this::closeIdle, settings.idle().toNanos(), TimeUnit.NANOSECONDS);
      }
    }
  }

  /**
   * A request without host is meant for whatever the connection leads to: it has one for itself, as
   * nothing else says that it belongs with others.
   */
  static boolean mayShare(Exchange exchange) {
    RequestHead request = exchange.request();
    return !request.authority().isEmpty();
  }

  WebSocketKey webSocketKey() {
    return WebSocketKey.random(random);
  }

  void closed(Http1Connection connection) {
    open--;
    idle.remove(connection);
    maybeConnect();
  }

  private void maybeConnect() {
    while (connecting < line.size() && open + connecting < connectionsMost) {
      connecting++;
      connector.connect(new Fresh());
    }
  }

  private void closeIdle() {
    idleTimer = null;
    long now = ticker.nanoTime();
    for (Http1Connection oldest = idle.peekFirst(); oldest != null; oldest = idle.peekFirst()) {
      long left = settings.idle().toNanos() - (now - oldest.idleSince());
      if (left > 0) {
        idleTimer = connector.loop().schedule(this::closeIdle, left, TimeUnit.NANOSECONDS);
        return;
      }
      idle.pollFirst();
      oldest.close();
    }
  }

  private final class Fresh implements Connector.Told {

    @Override
    public void connected(Channel channel) {
      connecting--;
      open++;
      Http1Connection connection =
          Http1Connection.open(channel, connector.name(), settings, KeepAliveUpstream.this);
      free(connection);
    }

    @Override
    public void failed(Outcome.Failed why) {
      connecting--;
      // One failure answers one exchange; others wait for attempts or connections of their own.
      Waiting next = line.size() > connecting ? line.next() : null;
      if (next != null) {
        next.reply().done(why);
      }
      maybeConnect();
    }
  }
}
