package io.refmesh.proxy.http.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.http.client.ClientSettings;
import io.refmesh.proxy.http.client.ConnectionPools;
import io.refmesh.proxy.http.client.SecureConnections;
import io.refmesh.proxy.http.client.Upstream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/** One event loop and everything opened on it; at the end every buffer must have been released. */
public final class Loop implements AutoCloseable {

  /** What the proxy uses where it can: it sees a peer go away even while reading is paused. */
  private static final ChannelFactory<Channel> SOCKETS =
      Epoll.isAvailable() ? EpollSocketChannel::new : NioSocketChannel::new;

  public static final SpiffeId CART = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart");

  public final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
  public final Ticker ticker = Ticker.systemTicker();
  public final List<Channel> accepted = new CopyOnWriteArrayList<>();
  public final List<Channel> dialled = new CopyOnWriteArrayList<>();
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(
          1, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
  private final List<Upstream> upstreams = new CopyOnWriteArrayList<>();
  private final List<Channel> listeners = new CopyOnWriteArrayList<>();

  public EventLoop loop() {
    return group.next();
  }

  /** Listens on a port of its own; every connection's pipeline is filled by {@code fill}. */
  public int listen(Consumer<ChannelPipeline> fill) {
    return listen(fill, null);
  }

  /**
   * @param sendBuffer bytes of the kernel's buffer towards the peer; null for the usual
   */
  public int listen(
      Consumer<ChannelPipeline> fill, @org.jspecify.annotations.Nullable Integer sendBuffer) {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .channelFactory(
                Epoll.isAvailable() ? EpollServerSocketChannel::new : NioServerSocketChannel::new)
            .childOption(ChannelOption.ALLOCATOR, allocator)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accepted.add(channel);
                    fill.accept(channel.pipeline());
                  }
                });
    if (sendBuffer != null) {
      bootstrap.childOption(ChannelOption.SO_SNDBUF, sendBuffer);
    }
    Channel listener = bootstrap.bind("127.0.0.1", 0).syncUninterruptibly().channel();
    listeners.add(listener);
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** An HTTP/2 client that does what the test says, connected to the port. */
  public Http2Peer dialHttp2(int port, Http2Settings settings) {
    Http2Peer peer = new Http2Peer(true, settings);
    new Bootstrap()
        .group(group)
        .channelFactory(SOCKETS)
        .option(ChannelOption.ALLOCATOR, allocator)
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                dialled.add(channel);
                channel.pipeline().addLast(peer);
              }
            })
        .connect("127.0.0.1", port)
        .syncUninterruptibly();
    return peer;
  }

  /** Connections without TLS that pretend to be verified. */
  public ConnectionPools pools(ClientSettings settings) {
    return pools(settings, (channel, endpoint, verdict) -> verdict.secured());
  }

  public ConnectionPools pools(ClientSettings settings, SecureConnections secure) {
    return new ConnectionPools(
        secure,
        SOCKETS,
        (pipeline, endpoint) -> {
          pipeline.channel().config().setAllocator(allocator);
          dialled.add(pipeline.channel());
        },
        settings,
        ticker,
        new Random(1));
  }

  /** An upstream on this loop; {@code sidecar} says whether its endpoint has an identity. */
  public Upstream upstream(
      int port, boolean sidecar, ClientSettings settings, BackendSettings backend) {
    Upstream upstream =
        pools(settings).open(endpoint(port, sidecar), AppProtocol.HTTP, backend, loop());
    upstreams.add(upstream);
    return upstream;
  }

  public Upstream upstream(int port, boolean sidecar) {
    return upstream(port, sidecar, ClientSettings.DEFAULT, BackendSettings.DEFAULT);
  }

  public static EndpointSpec endpoint(int port, boolean sidecar) {
    HostPort address = new HostPort("127.0.0.1", port);
    return new EndpointSpec(
        address,
        address,
        sidecar ? Optional.of(CART) : Optional.empty(),
        "zone-a",
        1,
        true,
        "shop/cart",
        0);
  }

  public static BackendSettings backend(int connections, int pending, Duration connectTimeout) {
    return new BackendSettings(
        BackendSettings.DEFAULT.balancer(),
        BackendSettings.DEFAULT.ejection(),
        new BackendSettings.Limits(0, false, connections, pending),
        connectTimeout);
  }

  /** Runs on the loop and waits for the result. */
  public <T> T on(Callable<T> task) {
    try {
      return loop().submit(task).get(10, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError("the loop's task failed", e);
    }
  }

  public void run(Runnable task) {
    on(() -> {
      task.run();
      return true;
    });
  }

  /** Waits until the condition, asked on the loop, holds. */
  public void until(String what, BooleanSupplier condition) {
    long end = ticker.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!on(condition::getAsBoolean)) {
      if (ticker.nanoTime() - end > 0) {
        throw new AssertionError("not within 10 s: " + what);
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Sends chunks until credit stays away although the loop had plenty of turns; returns the bytes
   * sent. Fails when it never does.
   */
  public int fill(int chunk, Runnable send, IntSupplier credit) {
    int sent = 0;
    while (sent < 64 * 1024 * 1024) {
      run(send);
      sent += chunk;
      int turns = 0;
      int all = sent;
      while (!on(() -> credit.getAsInt() == all)) {
        if (turns++ == 500) {
          return sent;
        }
      }
    }
    throw new AssertionError("64 MiB were taken although nobody reads");
  }

  @Override
  public void close() {
    run(() -> upstreams.forEach(Upstream::close));
    listeners.forEach(Channel::close);
    accepted.forEach(channel -> channel.close().syncUninterruptibly());
    dialled.forEach(channel -> channel.close().syncUninterruptibly());
    // What closing has scheduled runs before the count.
    for (int i = 0; i < 5; i++) {
      run(() -> {});
    }
    long heap = allocator.metric().usedHeapMemory();
    long direct = allocator.metric().usedDirectMemory();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    assertThat(heap + direct).as("bytes of buffers that nobody released").isZero();
  }
}
