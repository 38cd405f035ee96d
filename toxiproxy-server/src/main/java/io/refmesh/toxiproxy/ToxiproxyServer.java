package io.refmesh.toxiproxy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.concurrent.Future;
import io.refmesh.toxiproxy.api.Api;
import io.refmesh.toxiproxy.api.ApiChannel;
import io.refmesh.toxiproxy.proxy.Proxies;
import io.refmesh.toxiproxy.proxy.Refusal;
import io.refmesh.toxiproxy.proxy.Transport;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A running Toxiproxy: the HTTP API on its control address, and the proxies made through it.
 *
 * <p>Several may run in one JVM; they share nothing. Methods may be called from any thread but the
 * server's own.
 */
public final class ToxiproxyServer implements AutoCloseable {
  /** What {@code /version} says: the name the development build of the original gives itself. */
  static final String VERSION = "git";

  /** Enough for a harness on one machine; each loop carries thousands of connections. */
  private static final int DATA_LOOPS_MAX = 4;

  private static final int CLOSE_SECONDS_MAX = 10;

  private final long seed;
  private final EventLoopGroup controlLoop;
  private final EventLoopGroup dataLoops;
  private final Proxies proxies;
  private final Api api;
  private final Channel control;
  private final AtomicBoolean closing = new AtomicBoolean();

  private ToxiproxyServer(InetSocketAddress controlAddress, long seed, Transport transport)
      throws IOException {
    this.seed = seed;
    this.controlLoop = transport.loops(1, "toxiproxy-control");
    this.dataLoops =
        transport.loops(
            Math.min(DATA_LOOPS_MAX, Runtime.getRuntime().availableProcessors()), "toxiproxy-data");
    this.proxies = new Proxies(transport, dataLoops, seed);
    this.api = new Api(proxies, VERSION);
    boolean sixes = controlAddress.getAddress() instanceof Inet6Address;
    ChannelFuture binding =
        new ServerBootstrap()
            .group(controlLoop)
            .channelFactory(
                transport.servers(sixes ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET))
            .childHandler(new ApiChannel(api, InstantSource.system(), new SplittableRandom()))
            .bind(controlAddress)
            .awaitUninterruptibly();
    this.control = binding.channel();
    if (!binding.isSuccess()) {
      shutDownLoops();
      throw new IOException(
          "cannot listen on " + controlAddress + ": " + binding.cause().getMessage(),
          binding.cause());
    }
  }

  /**
   * Starts a server.
   *
   * @param controlAddress where the API listens; port 0 takes a free one
   * @param seed everything random follows from it: the same seed, proxies and order of connections
   *     draw the same
   */
  public static ToxiproxyServer start(InetSocketAddress controlAddress, long seed)
      throws IOException {
    return start(controlAddress, seed, Transport.best());
  }

  static ToxiproxyServer start(InetSocketAddress controlAddress, long seed, Transport transport)
      throws IOException {
    if (controlAddress.isUnresolved()) {
      throw new IOException(
          "cannot listen on " + controlAddress.getHostString() + ": no such host");
    }
    return new ToxiproxyServer(controlAddress, seed, transport);
  }

  /** Where the API really listens. */
  public InetSocketAddress controlAddress() {
    return (InetSocketAddress) control.localAddress();
  }

  /** The seed, to run the same again. */
  public long seed() {
    return seed;
  }

  /**
   * Makes the proxies of a JSON list, as a request to {@code /populate} does.
   *
   * @throws IOException with the reason; the proxies before the failing one exist
   */
  public void populate(byte[] json) throws IOException {
    onControlLoop(() -> {
      api.populate(json);
      return true;
    });
  }

  /** Stops the API, closes all proxies and their connections, and waits for that; once only. */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    control.close().awaitUninterruptibly();
    try {
      onControlLoop(() -> {
        proxies.close();
        return true;
      });
    } catch (IOException e) {
      System.getLogger(ToxiproxyServer.class.getName())
          .log(
              System.Logger.Level.WARNING,
              "not every connection confirmed its close: why={0}",
              e.getMessage());
    }
    shutDownLoops();
  }

  private void onControlLoop(Callable<Boolean> action) throws IOException {
    Future<Boolean> done = controlLoop.submit(action).awaitUninterruptibly();
    if (done.cause() instanceof Refusal refusal) {
      throw new IOException(refusal.text());
    }
    if (!done.isSuccess()) {
      throw new IOException(done.cause());
    }
  }

  private void shutDownLoops() {
    controlLoop.shutdownGracefully(0, CLOSE_SECONDS_MAX, TimeUnit.SECONDS).awaitUninterruptibly();
    dataLoops.shutdownGracefully(0, CLOSE_SECONDS_MAX, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
