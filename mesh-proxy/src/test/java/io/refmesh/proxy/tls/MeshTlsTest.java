package io.refmesh.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.testkit.TestCa;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MeshTlsTest {

  private static final SpiffeId CART = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart");
  private static final SpiffeId WEB = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/web");
  private static final Duration SKEW = Duration.ofSeconds(20);

  private final TestCa ca = new TestCa("root");
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ProxyMetrics metrics = new ProxyMetrics(Ticker.systemTicker(), 1000);
  private final TlsContexts serverContexts =
      new TlsContexts(SKEW, InstantSource.system(), TlsPeers.SIDECARS);
  private final TlsContexts clientContexts =
      new TlsContexts(SKEW, InstantSource.system(), TlsPeers.SIDECARS);
  private final BlockingQueue<Object> serverTold = new LinkedBlockingQueue<>();
  private final BlockingQueue<Object> clientTold = new LinkedBlockingQueue<>();

  @AfterEach
  void close() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    serverContexts.close();
    clientContexts.close();
  }

  @Test
  @Acceptance(99)
  void provesBothIdentitiesWithTheHybridGroup() throws Exception {
    serverContexts.rotate(certificate(ca, CART, ca));
    clientContexts.rotate(certificate(ca, WEB, ca));

    connect(listen(), CART, MeshAlpn.HTTP_2);

    assertThat(clientTold.poll(5, TimeUnit.SECONDS))
        .isEqualTo(new Secured(CART, MeshAlpn.HTTP_2, "X25519MLKEM768"));
    assertThat(serverTold.poll(5, TimeUnit.SECONDS))
        .isEqualTo(new Secured(WEB, MeshAlpn.HTTP_2, "X25519MLKEM768"));
    assertThat(handshakes("inbound", "success")).isEqualTo(1);
    assertThat(handshakes("outbound", "success")).isEqualTo(1);
  }

  @Test
  void carriesBytesOfAnOpaqueConnection() throws Exception {
    serverContexts.rotate(certificate(ca, CART, ca));
    clientContexts.rotate(certificate(ca, WEB, ca));
    Channel channel = connect(listen(), CART, MeshAlpn.TCP);
    assertThat(clientTold.poll(5, TimeUnit.SECONDS)).isInstanceOf(Secured.class);
    assertThat(serverTold.poll(5, TimeUnit.SECONDS)).isInstanceOf(Secured.class);

    channel.writeAndFlush(Unpooled.copiedBuffer("hello", StandardCharsets.UTF_8));

    assertThat(serverTold.poll(5, TimeUnit.SECONDS)).isEqualTo("hello");
  }

  @Test
  void aClientRefusesAnotherIdentityThanDiscoveryNamed() throws Exception {
    serverContexts.rotate(certificate(ca, CART, ca));
    clientContexts.rotate(certificate(ca, WEB, ca));

    connect(listen(), SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/pricing"), MeshAlpn.HTTP_2);

    TlsRefused refused = (TlsRefused) clientTold.poll(5, TimeUnit.SECONDS);
    assertThat(refused.failure()).isEqualTo(TlsFailure.WRONG_IDENTITY);
    assertThat(refused.error()).isEqualTo(MeshError.TLS_IDENTITY_MISMATCH);
    assertThat(refused)
        .hasMessageContaining(CART.uri())
        .hasMessageContaining("expected: spiffe://cluster.local/ns/shop/sa/pricing");
    assertThat(((TlsRefused) serverTold.poll(5, TimeUnit.SECONDS)).failure())
        .isEqualTo(TlsFailure.REFUSED_BY_PEER);
    assertThat(failures("outbound", "wrong-identity")).isEqualTo(1);
  }

  @Test
  void aClientRefusesAServerOfAForeignAuthority() throws Exception {
    TestCa foreign = new TestCa("foreign");
    serverContexts.rotate(certificate(foreign, CART, ca));
    clientContexts.rotate(certificate(ca, WEB, ca));

    connect(listen(), CART, MeshAlpn.HTTP_2);

    TlsRefused refused = (TlsRefused) clientTold.poll(5, TimeUnit.SECONDS);
    assertThat(refused.failure()).isEqualTo(TlsFailure.UNKNOWN_CA);
    assertThat(refused).hasMessageContaining("CN=foreign").hasMessageContaining("CN=root");
  }

  @Test
  void aServerRefusesAClientOfAForeignAuthority() throws Exception {
    assertServerRefuses(
        certificate(new TestCa("foreign"), WEB, ca), TlsFailure.UNKNOWN_CA, "unknown-ca");
  }

  @Test
  void aServerRefusesAnExpiredClient() throws Exception {
    Instant now = Instant.now();
    TestCa.Leaf leaf = ca.leaf(WEB.uri(), now.minusSeconds(300), now.minusSeconds(30));
    assertServerRefuses(
        WorkloadCertificate.of(leaf.key(), leaf.chain(), List.of(ca.root())),
        TlsFailure.EXPIRED,
        "expired");
  }

  @Test
  void aServerRefusesAClientFromTheFutureAndNamesTheClock() throws Exception {
    Instant now = Instant.now();
    TestCa.Leaf leaf = ca.leaf(WEB.uri(), now.plusSeconds(60), now.plusSeconds(600));
    TlsRefused refused =
        assertServerRefuses(
            WorkloadCertificate.of(leaf.key(), leaf.chain(), List.of(ca.root())),
            TlsFailure.NOT_YET_VALID,
            "not-yet-valid");
    assertThat(refused).hasMessageContaining("clock");
  }

  @Test
  void toleratesClockSkewAtBothEndsOfALeaf() throws Exception {
    Instant now = Instant.now();
    TestCa.Leaf early = ca.leaf(WEB.uri(), now.plusSeconds(10), now.plusSeconds(600));
    TestCa.Leaf late = ca.leaf(CART.uri(), now.minusSeconds(600), now.minusSeconds(10));
    serverContexts.rotate(WorkloadCertificate.of(late.key(), late.chain(), List.of(ca.root())));
    clientContexts.rotate(WorkloadCertificate.of(early.key(), early.chain(), List.of(ca.root())));

    connect(listen(), CART, MeshAlpn.HTTP_2);

    assertThat(clientTold.poll(5, TimeUnit.SECONDS)).isInstanceOf(Secured.class);
    assertThat(serverTold.poll(5, TimeUnit.SECONDS)).isInstanceOf(Secured.class);
  }

  @Test
  void aServerRefusesAnotherTrustDomainOfTheSameAuthority() throws Exception {
    SpiffeId stranger = SpiffeId.parse("spiffe://elsewhere/ns/shop/sa/web");
    assertServerRefuses(certificate(ca, stranger, ca), TlsFailure.WRONG_IDENTITY, "wrong-identity");
  }

  @Test
  void aServerRefusesPlaintext() throws Exception {
    serverContexts.rotate(certificate(ca, CART, ca));
    InetSocketAddress address = listen();
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      byte[] answer = in.readAllBytes();
      assertThat(new String(answer, StandardCharsets.ISO_8859_1)).doesNotContain("HTTP/1.1");
    }
    assertThat(((TlsRefused) serverTold.poll(5, TimeUnit.SECONDS)).failure())
        .isEqualTo(TlsFailure.PLAINTEXT);
  }

  @Test
  @Acceptance(102)
  void rotationKeepsConnectionsAndNewOnesShowTheNewCertificate() throws Exception {
    serverContexts.rotate(certificate(ca, CART, ca));
    clientContexts.rotate(certificate(ca, WEB, ca));
    InetSocketAddress address = listen();
    Channel old = connect(address, CART, MeshAlpn.HTTP_2);
    assertThat(clientTold.poll(5, TimeUnit.SECONDS)).isInstanceOf(Secured.class);
    assertThat(serverTold.poll(5, TimeUnit.SECONDS)).isInstanceOf(Secured.class);

    TestCa newCa = new TestCa("new root");
    SpiffeId other = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/other");
    serverContexts.rotate(certificate(newCa, other, newCa));
    old.writeAndFlush(Unpooled.copiedBuffer("still here", StandardCharsets.UTF_8));
    assertThat(serverTold.poll(5, TimeUnit.SECONDS)).isEqualTo("still here");

    connect(address, CART, MeshAlpn.HTTP_2);
    assertThat(((TlsRefused) clientTold.poll(5, TimeUnit.SECONDS)).failure())
        .isEqualTo(TlsFailure.UNKNOWN_CA);
    clientContexts.rotate(certificate(newCa, WEB, newCa));
    serverTold.clear();
    connect(address, other, MeshAlpn.HTTP_2);
    assertThat(clientTold.poll(5, TimeUnit.SECONDS))
        .isEqualTo(new Secured(other, MeshAlpn.HTTP_2, "X25519MLKEM768"));
  }

  @Test
  void aClientThatIsTrustedNoLongerCannotComeBack() throws Exception {
    serverContexts.rotate(certificate(ca, CART, ca));
    clientContexts.rotate(certificate(ca, WEB, ca));
    InetSocketAddress address = listen();
    for (int i = 0; i < 3; i++) {
      connect(address, CART, MeshAlpn.HTTP_2);
      assertThat(clientTold.poll(5, TimeUnit.SECONDS)).isInstanceOf(Secured.class);
      assertThat(serverTold.poll(5, TimeUnit.SECONDS)).isInstanceOf(Secured.class);
    }
    serverContexts.rotate(certificate(ca, CART, new TestCa("only this one")));
    connect(address, CART, MeshAlpn.HTTP_2);
    assertThat(((TlsRefused) serverTold.poll(5, TimeUnit.SECONDS)).failure())
        .isEqualTo(TlsFailure.UNKNOWN_CA);
  }

  @Test
  void nothingIsSecuredBeforeTheFirstCertificate() {
    Channel channel = new NioSocketChannel();
    assertThat(
            new MeshTls(serverContexts, metrics, Ticker.systemTicker())
                .accept(channel.pipeline(), Duration.ofSeconds(1), next(serverTold)))
        .isFalse();
    assertThat(channel.pipeline().names()).hasSize(1);
  }

  private TlsRefused assertServerRefuses(
      WorkloadCertificate client, TlsFailure failure, String reason) throws Exception {
    serverContexts.rotate(certificate(ca, CART, ca));
    clientContexts.rotate(client);

    connect(listen(), CART, MeshAlpn.HTTP_2);

    TlsRefused refused = (TlsRefused) serverTold.poll(5, TimeUnit.SECONDS);
    assertThat(refused.failure()).isEqualTo(failure);
    assertThat(failures("inbound", reason)).isEqualTo(1);
    // The client was done first; then the server's alert came.
    assertThat(clientTold.poll(5, TimeUnit.SECONDS)).isInstanceOf(Secured.class);
    assertThat(((TlsRefused) clientTold.poll(5, TimeUnit.SECONDS)).failure())
        .isEqualTo(TlsFailure.REFUSED_BY_PEER);
    return refused;
  }

  private InetSocketAddress listen() {
    MeshTls tls = new MeshTls(serverContexts, metrics, Ticker.systemTicker());
    Channel channel =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel child) {
                    tls.accept(child.pipeline(), Duration.ofSeconds(5), next(serverTold));
                    child.pipeline().addLast(new Recorder(serverTold));
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
    return (InetSocketAddress) channel.localAddress();
  }

  private Channel connect(InetSocketAddress address, SpiffeId expected, MeshAlpn protocol) {
    MeshTls tls = new MeshTls(clientContexts, metrics, Ticker.systemTicker());
    return new Bootstrap()
        .group(loops)
        .channel(NioSocketChannel.class)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel child) {
                tls.connect(
                    child.pipeline(), expected, protocol, Duration.ofSeconds(5), next(clientTold));
                child.pipeline().addLast(new Recorder(clientTold));
              }
            })
        .connect(address)
        .syncUninterruptibly()
        .channel();
  }

  private static MeshTls.Next next(BlockingQueue<Object> told) {
    return new MeshTls.Next() {
      @Override
      public void secured(ChannelHandlerContext context, Secured what) {
        told.add(what);
      }

      @Override
      public void refused(ChannelHandlerContext context, TlsRefused why) {
        told.add(why);
      }
    };
  }

  /** Bytes as text, exceptions as they are. */
  private static final class Recorder extends ChannelInboundHandlerAdapter {
    private final BlockingQueue<Object> told;

    Recorder(BlockingQueue<Object> told) {
      this.told = told;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      told.add(((ByteBuf) message).toString(StandardCharsets.UTF_8));
      ReferenceCountUtil.release(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      told.add(cause);
    }
  }

  private static WorkloadCertificate certificate(TestCa issuer, SpiffeId identity, TestCa trusted) {
    TestCa.Leaf leaf = issuer.leaf(identity.uri());
    return WorkloadCertificate.of(leaf.key(), leaf.chain(), List.of(trusted.root()));
  }

  private long handshakes(String direction, String result) {
    return metrics.counter(ProxyMetric.TLS_HANDSHAKES_TOTAL, direction, result).value();
  }

  private long failures(String direction, String reason) {
    return metrics.counter(ProxyMetric.TLS_HANDSHAKE_FAILURES_TOTAL, direction, reason).value();
  }
}
