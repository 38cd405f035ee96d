package io.refmesh.toxiproxy.proxy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.EventExecutor;
import io.refmesh.toxiproxy.link.Seeds;
import io.refmesh.toxiproxy.toxic.Toxic;
import io.refmesh.toxiproxy.toxic.ToxicChange;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * A proxy that listens: the server socket and one lane per data loop. Made when a proxy is enabled,
 * closed for good when it is disabled. Its methods are called on the control loop, which may wait
 * for the data loops; never the reverse.
 */
final class Listener {
  private static final AttributeKey<Long> NUMBER = AttributeKey.valueOf(Listener.class, "number");

  /** The original gives up on a request after so long. */
  private static final int CONFIRM_SECONDS_MAX = 25;

  private final Channel socket;
  private final List<Lane> lanes;

  private Listener(Channel socket, List<Lane> lanes) {
    this.socket = socket;
    this.lanes = lanes;
  }

  /**
   * Listens.
   *
   * @param numbers counts the proxy's connections in the order of their arrival
   * @param seed the proxy's; each connection's follows from it and its number
   */
  static Listener open(
      Transport transport,
      EventLoopGroup loops,
      String listen,
      Dialer dialer,
      List<Toxic> toxics,
      AtomicLong numbers,
      long seed)
      throws Refusal {
    String resolvedText;
    InetSocketAddress address;
    try {
      HostPort parsed = HostPort.parse(listen);
      resolvedText = parsed.resolvedText();
      address = bindable(parsed);
    } catch (Refusal e) {
      throw Refusal.badAddress("listen tcp: " + e.text());
    }
    List<Lane> lanes = new ArrayList<>();
    for (EventExecutor loop : loops) {
      lanes.add(new Lane((EventLoop) loop, toxics));
    }
    boolean sixes = address.getAddress() instanceof Inet6Address;
    ChannelFuture binding =
        new ServerBootstrap()
            .group(loops)
            .channelFactory(
                transport.servers(sixes ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET))
            .handler(new Numbering(numbers))
            .childHandler(new Accepting(lanes, dialer, seed))
            .bind(address)
            .awaitUninterruptibly();
    if (!binding.isSuccess()) {
      throw Refusal.badAddress("listen tcp " + resolvedText + ": bind: " + reason(binding.cause()));
    }
    return new Listener(binding.channel(), lanes);
  }

  /** Where it really listens, as {@code 127.0.0.1:3310} or {@code [::]:3310}. */
  String address() {
    return HostPort.text((InetSocketAddress) socket.localAddress());
  }

  /** Applies a change to every live connection, and returns when each has it. */
  void apply(ToxicChange change, List<Toxic> toxicsAfter) throws Refusal {
    onEveryLane(
        lane -> lane.apply(change, toxicsAfter), "the change of toxic " + change.toxic().name());
  }

  /** Closes the server socket and then every connection; the port is free when this returns. */
  void close() throws Refusal {
    socket.close().awaitUninterruptibly();
    onEveryLane(Lane::close, "the closing of connections");
  }

  private void onEveryLane(Consumer<Lane> action, String what) throws Refusal {
    CountDownLatch confirmed = new CountDownLatch(lanes.size());
    for (Lane lane : lanes) {
      lane.loop()
          .execute(() -> {
            action.accept(lane);
            confirmed.countDown();
          });
    }
    try {
      if (confirmed.await(CONFIRM_SECONDS_MAX, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw Refusal.unconfirmed(what);
  }

  /** Any address is IPv6's where there is IPv6, which takes IPv4 as well: so does Go. */
  private static InetSocketAddress bindable(HostPort listen) throws Refusal {
    InetAddress host = listen.any() ? null : listen.resolve().getFirst().getAddress();
    if (host != null && !host.isAnyLocalAddress()) {
      return new InetSocketAddress(host, listen.port());
    }
    return new HostPort(hasIpv6() ? "::" : "0.0.0.0", listen.port()).resolve().getFirst();
  }

  private static boolean hasIpv6() {
    try (ServerSocketChannel probe = ServerSocketChannel.open(StandardProtocolFamily.INET6)) {
      return probe.isOpen();
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** The system's words, in lower case as Go has them, without what Netty puts before them. */
  private static String reason(Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    return message.substring(message.lastIndexOf(": ") + 1).strip().toLowerCase(Locale.ROOT);
  }

  /**
   * Numbers connections on the listener's own loop: there alone their order is certain, so that
   * seeds hold.
   */
  private static final class Numbering extends ChannelInboundHandlerAdapter {
    private final AtomicLong numbers;

    Numbering(AtomicLong numbers) {
      this.numbers = numbers;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Channel client) {
        client.attr(NUMBER).set(numbers.getAndIncrement());
      }
      ctx.fireChannelRead(message);
    }
  }

  /** Hands each client to the lane of the loop it was registered with. */
  private static final class Accepting extends ChannelInitializer<SocketChannel> {
    private final List<Lane> lanes;
    private final Dialer dialer;
    private final long seed;

    Accepting(List<Lane> lanes, Dialer dialer, long seed) {
      this.lanes = lanes;
      this.dialer = dialer;
      this.seed = seed;
    }

    @Override
    protected void initChannel(SocketChannel client) {
      Long number = client.attr(NUMBER).get();
      for (Lane lane : lanes) {
        if (lane.loop() == client.eventLoop()) {
          lane.accept(client, dialer, Seeds.mix(seed, number == null ? 0 : number));
        }
      }
    }
  }
}
