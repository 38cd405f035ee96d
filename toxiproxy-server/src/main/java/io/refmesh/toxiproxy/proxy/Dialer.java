package io.refmesh.toxiproxy.proxy;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;

/**
 * Connects to a proxy's upstream on the client's event loop, without holding up that loop or other
 * connections: names are looked up on a virtual thread, and each address is tried in turn.
 */
final class Dialer {
  /** What the original gets from the system: how long Linux tries before it gives up. */
  private static final int CONNECT_TIMEOUT_MILLIS = 130_000;

  private final Transport transport;
  private final String upstream;

  Dialer(Transport transport, String upstream) {
    this.transport = transport;
    this.upstream = upstream;
  }

  /**
   * Who dials. Called on the event loop; success shows itself by {@code channelActive} of the new
   * socket.
   */
  interface Caller {

    /** The handler of the new socket, the same for every attempt. */
    ChannelHandler handler();

    /** Whether there still is a client to dial for. */
    boolean waits();

    void failed(Throwable why);
  }

  void dial(EventLoop loop, Caller caller) {
    HostPort target;
    try {
      HostPort address = HostPort.parse(upstream);
      // An empty host means this machine, as in Go.
      target = address.any() ? new HostPort("127.0.0.1", address.port()) : address;
      if (target.isLiteral()) {
        connect(loop, target.resolve().iterator(), caller);
        return;
      }
    } catch (Refusal e) {
      caller.failed(e);
      return;
    }
    Thread.ofVirtual().name("toxiproxy-lookup").start(() -> lookUp(loop, target, caller));
  }

  private void lookUp(EventLoop loop, HostPort target, Caller caller) {
    try {
      try {
        List<InetSocketAddress> addresses = target.resolve();
        loop.execute(() -> connect(loop, addresses.iterator(), caller));
      } catch (Refusal e) {
        loop.execute(() -> caller.failed(e));
      }
    } catch (RejectedExecutionException serverClosed) {
      // The server was closed during the look-up and its sockets with it: nobody waits any more.
    }
  }

  private void connect(EventLoop loop, Iterator<InetSocketAddress> addresses, Caller caller) {
    if (!caller.waits()) {
      return;
    }
    new Bootstrap()
        .group(loop)
        .channelFactory(transport.sockets())
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .handler(caller.handler())
        .connect(addresses.next())
        .addListener(done -> {
          if (done.isSuccess()) {
            return;
          }
          if (addresses.hasNext()) {
            connect(loop, addresses, caller);
          } else {
            caller.failed(done.cause());
          }
        });
  }
}
