package io.refmesh.toxiproxy.proxy;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.refmesh.toxiproxy.toxic.Toxic;
import io.refmesh.toxiproxy.toxic.ToxicChange;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The share of a listening proxy that lives on one event loop: its connections, and the toxics as
 * this loop knows them. Everything here runs on that loop, which is why a connection either starts
 * with a toxic or is told of it, never both and never neither.
 */
final class Lane {
  private final EventLoop loop;
  private final Set<Connection> connections = new LinkedHashSet<>();
  private List<Toxic> toxics;
  private boolean closed;

  Lane(EventLoop loop, List<Toxic> toxics) {
    this.loop = loop;
    this.toxics = toxics;
  }

  EventLoop loop() {
    return loop;
  }

  /** The toxics of both directions, in order of creation. */
  List<Toxic> toxics() {
    return toxics;
  }

  void accept(SocketChannel client, Dialer dialer, long seed) {
    if (closed) {
      client.close();
      return;
    }
    Connection connection = new Connection(this, client, seed);
    connections.add(connection);
    connection.open(dialer);
  }

  void ended(Connection connection) {
    connections.remove(connection);
  }

  /** Applies a change to what new connections start with and to every live one. */
  void apply(ToxicChange change, List<Toxic> toxicsAfter) {
    toxics = toxicsAfter;
    // A copy, because a change may end a connection, which then leaves the set.
    for (Connection connection : new ArrayList<>(connections)) {
      connection.apply(change);
    }
  }

  /** Closes every connection, and every one that still comes. */
  void close() {
    closed = true;
    for (Connection connection : new ArrayList<>(connections)) {
      connection.close();
    }
  }
}
