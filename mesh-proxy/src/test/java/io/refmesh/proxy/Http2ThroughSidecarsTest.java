package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Settings;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.wire.Http2Peer;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/2 without TLS by prior knowledge on both ends, mutual TLS between: frame by frame. */
class Http2ThroughSidecarsTest {

  private static final String[] GRPC = {
    ":method",
    "POST",
    ":scheme",
    "http",
    ":path",
    "/shop.Cart/Add",
    ":authority",
    "cart.shop:8080",
    "content-type",
    "application/grpc",
    "te",
    "trailers"
  };

  /** Of a sidecar's connection to the application: Netty keeps stream 1 for an upgrade. */
  private static final int FIRST = 3;

  private final TestMesh mesh = new TestMesh();
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final BlockingQueue<Http2Peer> connections = new LinkedBlockingQueue<>();
  private final TestMesh.Sidecar cart = mesh.of("cart", serve(), AppProtocol.H2C).start();
  private final TestMesh.Sidecar web = mesh.caller("web").start();

  @AfterEach
  void close() {
    mesh.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void carriesHeadsBodiesAndTrailersBothWays() throws Exception {
    Http2Peer client = dial();
    on(client, () -> client.headers(1, false, GRPC).data(1, "ping", true));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("DATA 3 4 bytes"));
    assertThat(server.frames)
        .anySatisfy(frame ->
            assertThat(frame)
                .startsWith("HEADERS 3")
                .contains(":path=/shop.Cart/Add", ":authority=cart.shop:8080", "te=trailers")
                .contains("x-forwarded-client-cert=URI=spiffe://cluster.local/ns/shop/sa/web")
                .doesNotContain("x-mesh-deadline", "x-mesh-original-version"));

    on(
        server,
        () ->
            server
                .headers(FIRST, false, ":status", "200", "content-type", "application/grpc")
                .data(FIRST, "pong", false)
                .headers(FIRST, true, "grpc-status", "0", "grpc-message", "fine"));

    Eventually.holds(() -> client.saw("HEADERS 1 grpc-status=0"));
    assertThat(client.frames).anyMatch(frame -> frame.startsWith("HEADERS 1 :status=200"));
    assertThat(client.frames)
        .contains("DATA 1 4 bytes", "HEADERS 1 grpc-status=0 grpc-message=fine end");
    Eventually.holds(() ->
        web.count("response_total", "outbound", "grpc_status=\"0\"", "classification=\"success\"")
            == 1);
  }

  @Test
  void passesOnTheCodeWithWhichTheCallerResets() throws Exception {
    Http2Peer client = dial();
    on(client, () -> client.headers(1, false, GRPC));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("HEADERS 3"));

    on(client, () -> client.reset(1, Http2Error.ENHANCE_YOUR_CALM.code()));

    Eventually.holds(() -> server.saw("RST_STREAM 3"));
    assertThat(server.frames).contains("RST_STREAM 3 " + Http2Error.ENHANCE_YOUR_CALM.code());
  }

  @Test
  void tellsTheApplicationHowMuchTimeIsLeft() throws Exception {
    Http2Peer client = dial();
    on(client, () -> client.headers(1, true, grpc("grpc-timeout", "9S", "x-mesh-deadline", "77")));

    Http2Peer server = connection();

    Eventually.holds(() -> server.saw("HEADERS 3"));
    assertThat(leftMillis(server)).isBetween(1L, 9_000L).isNotEqualTo(77);
  }

  @Test
  void tellsTheApplicationWhatACallerWithoutSidecarGrantsAndNotWhatItClaims() throws Exception {
    Http2Peer client = dial(cart.endpoint().address());
    on(client, () -> client.headers(1, true, grpc("grpc-timeout", "9S", "x-mesh-deadline", "77")));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("HEADERS 3"));
    assertThat(leftMillis(server)).isBetween(1L, 9_000L).isNotEqualTo(77);

    on(client, () -> client.headers(3, true, grpc("x-mesh-deadline", "77")));
    Eventually.holds(() -> server.saw("HEADERS 5"));
    assertThat(server.frames)
        .filteredOn(frame -> frame.startsWith("HEADERS 5"))
        .noneMatch(frame -> frame.contains("x-mesh-deadline"));
  }

  @Test
  void endsACallOfACallerWithoutSidecarWhenItsTimeIsUp() throws Exception {
    Http2Peer client = dial(cart.endpoint().address());
    on(client, () -> client.headers(1, false, grpc("grpc-timeout", "150m")));
    Http2Peer server = connection();

    Eventually.holds(() -> client.saw("HEADERS 1"));

    assertThat(client.frames)
        .anyMatch(frame ->
            frame.contains("grpc-status=4") && frame.contains("grpc-message=request-timeout"));
    Eventually.holds(() -> server.saw("RST_STREAM 3 " + Http2Error.CANCEL.code()));
    assertThat(cart.count("timeout_total", "\"request\"")).isEqualTo(1);
  }

  private static String[] grpc(String... more) {
    return Stream.of(GRPC, more).flatMap(Stream::of).toArray(String[]::new);
  }

  private static long leftMillis(Http2Peer server) {
    Matcher told = Pattern.compile("x-mesh-deadline=(\\d+)").matcher(server.frames.toString());
    assertThat(told.find()).isTrue();
    return Long.parseLong(told.group(1));
  }

  @Test
  void streamsBothWaysAtOnce() throws Exception {
    Http2Peer client = dial();
    on(client, () -> client.headers(1, false, GRPC).data(1, "a", false));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("DATA 3"));
    on(server, () -> server.headers(FIRST, false, ":status", "200").data(FIRST, "b", false));
    Eventually.holds(() -> client.saw("DATA 1"));
    on(client, () -> client.data(1, "c", false));
    Eventually.holds(() -> server.count("DATA 3") == 2);
    on(server, () -> server.data(FIRST, "d", true));
    Eventually.holds(() -> client.saw("DATA 1 1 bytes end") || client.saw("DATA 1 0 bytes end"));
  }

  @Test
  void carriesAMegabyteByteByByte() throws Exception {
    byte[] body = new byte[1 << 20];
    new Random(11).nextBytes(body);
    Http2Peer client = dial();
    on(client, () -> client.headers(1, true, GRPC));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("HEADERS 3"));
    on(server, () -> server.headers(FIRST, false, ":status", "200"));
    // The simple peer sends without looking at windows: never more than fits into one.
    for (int at = 0; at < body.length; at += 16_384) {
      int from = at;
      int to = at + 16_384;
      on(
          server,
          () -> server.data(FIRST, Arrays.copyOfRange(body, from, to), 0, to == body.length));
      if (to % (8 * 16_384) == 0) {
        Eventually.holds(() -> client.data.size() == to);
      }
    }
    assertThat(client.data.toByteArray()).isEqualTo(body);
  }

  @Test
  void aResetOfTheClientReachesTheApplication() throws Exception {
    Http2Peer client = dial();
    on(client, () -> client.headers(1, false, GRPC));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("HEADERS 3"));
    on(client, () -> client.reset(1, 8));
    Eventually.holds(() -> server.saw("RST_STREAM 3"));
  }

  @Test
  void aResetOfTheApplicationInTheBodyReachesTheClient() throws Exception {
    Http2Peer client = dial();
    on(client, () -> client.headers(1, true, GRPC));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("HEADERS 3"));
    on(
        server,
        () ->
            server
                .headers(FIRST, false, ":status", "200")
                .data(FIRST, "half", false)
                .reset(FIRST, 2));
    Eventually.holds(() -> client.saw("RST_STREAM 1"));
    assertThat(client.frames).noneMatch(frame -> frame.endsWith(" end"));
  }

  @Test
  void aDenialIsAGrpcStatus() throws Exception {
    cart.allow(InboundPolicy.Default.DENY).configure();
    Http2Peer client = dial();
    on(client, () -> client.headers(1, true, GRPC));
    Eventually.holds(() -> client.saw("HEADERS 1"));
    assertThat(client.frames)
        .anySatisfy(frame ->
            assertThat(frame)
                .startsWith("HEADERS 1 :status=200")
                .contains("grpc-status=7", "x-mesh-error=denied")
                .endsWith(" end"));
  }

  @Test
  void aGrpcTimeoutIsPassedOnShorterAndObeyed() throws Exception {
    Http2Peer client = dial();
    String[] fields = Arrays.copyOf(GRPC, GRPC.length + 2);
    fields[GRPC.length] = "grpc-timeout";
    fields[GRPC.length + 1] = "900m";
    on(client, () -> client.headers(1, true, fields));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("HEADERS 3"));
    assertThat(server.frames)
        .anySatisfy(frame -> assertThat(frame).containsPattern("grpc-timeout=[1-8]?[0-9]{1,2}m"));
    Eventually.holds(() -> client.saw("HEADERS 1"));
    assertThat(client.frames)
        .anySatisfy(frame ->
            assertThat(frame)
                .startsWith("HEADERS 1 :status=200")
                .contains("grpc-status=4", "x-mesh-error=request-timeout")
                .endsWith(" end"));
    Eventually.holds(() -> server.saw("RST_STREAM 3 8"));
    assertThat(web.count("response_total", "grpc_status=\"4\"", "classification=\"failure\""))
        .isOne();
  }

  @Test
  void informationalHeadsReachTheClient() throws Exception {
    Http2Peer client = dial();
    on(client, () -> client.headers(1, true, GRPC));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("HEADERS 3"));
    on(
        server,
        () ->
            server
                .headers(FIRST, false, ":status", "103", "link", "</style.css>")
                .headers(FIRST, true, ":status", "200"));
    Eventually.holds(() -> client.saw("HEADERS 1 :status=200"));
    assertThat(client.frames).contains("HEADERS 1 :status=103 link=</style.css>");
  }

  @Test
  void moreInformationalHeadsThanAnybodyNeedsAreAFailure() throws Exception {
    Http2Peer client = dial();
    on(client, () -> client.headers(1, true, GRPC));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("HEADERS 3"));
    on(
        server,
        () -> {
          for (int i = 0; i < 200; i++) {
            server.headers(FIRST, false, ":status", "103");
          }
        });
    Eventually.holds(() -> server.saw("RST_STREAM 3"));
    Eventually.holds(() -> client.frames.stream().anyMatch(f -> f.contains("grpc-status=14")));
  }

  @Test
  void aDrainAnnouncesItselfWithGoaway() throws Exception {
    Http2Peer client = dial();
    on(client, () -> client.headers(1, true, GRPC));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("HEADERS 3"));
    on(server, () -> server.headers(FIRST, true, ":status", "200"));
    Eventually.holds(() -> client.saw("HEADERS 1"));
    web.proxy.drain();
    Eventually.holds(() -> client.saw("GOAWAY"));
    Eventually.holds(() -> client.closed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"web", "cart"})
  @Acceptance(139)
  void fiftyRequestsInFlightAreAnsweredWhenASidecarIsToldToStop(String leaving) throws Exception {
    byte[] body = new byte[16_384];
    Http2Peer client = dial();
    on(client, () -> client.headers(1, false, GRPC).data(1, body, 0, true));
    Http2Peer server = connection();
    for (int i = 1; i <= 50; i++) {
      int seen = i;
      // One after the other: this simple peer does not look at windows.
      Eventually.holds(() -> server.data.size() == seen * body.length);
      if (i < 50) {
        on(client, () -> client.headers(2 * seen + 1, false, GRPC));
        on(client, () -> client.data(2 * seen + 1, body, 0, true));
      }
    }

    CompletableFuture<Void> drained =
        (leaving.equals("web") ? web : cart).proxy.drain().toCompletableFuture();
    if (leaving.equals("web")) {
      Eventually.holds(() -> client.saw("GOAWAY"));
    }
    assertThat(drained).isNotDone();
    for (int i = 0; i < 50; i++) {
      int stream = FIRST + 2 * i;
      on(server, () -> server.headers(stream, true, ":status", "200"));
    }

    Eventually.holds(() -> client.count("HEADERS ") == 50);
    assertThat(client.frames.stream().filter(frame -> frame.startsWith("HEADERS ")))
        .allMatch(frame -> frame.contains(":status=200"));
    assertThat(client.frames).noneMatch(frame -> frame.startsWith("RST_STREAM"));
    drained.get(5, TimeUnit.SECONDS);
    if (leaving.equals("web")) {
      Eventually.holds(() -> client.closed);
    }
  }

  /** A caller may wait for the server's SETTINGS before it says a word. */
  @Test
  @Acceptance(24)
  void aPortDeclaredH2cIsHttp2BeforeItsCallerSaysSo() throws Exception {
    ProxyConfig.Limits usual = TestMesh.LIMITS;
    mesh.limits =
        new ProxyConfig.Limits(
            usual.headerBytes(),
            usual.headerTimeout(),
            Duration.ofSeconds(10),
            usual.connections(),
            usual.series(),
            usual.bufferedBytes(),
            usual.floodFrames(),
            usual.streams(),
            usual.idleTimeout());
    TestMesh.Sidecar patient = mesh.caller("patient").start();
    HostPort listener = listener(patient);
    try (Socket caller = new Socket(listener.host(), listener.port())) {
      caller.setSoTimeout(5000);
      byte[] settings = caller.getInputStream().readNBytes(9);
      assertThat(settings[3]).as("type of the first frame").isEqualTo((byte) 4);
      ByteArrayOutputStream late = new ByteArrayOutputStream();
      late.writeBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      late.writeBytes(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
      // HEADERS with END_STREAM: GET, http, / and an authority of one letter.
      late.writeBytes(new byte[] {0, 0, 6, 1, 5, 0, 0, 0, 1});
      late.writeBytes(new byte[] {(byte) 0x82, (byte) 0x86, (byte) 0x84, 0x41, 1, 'a'});
      caller.getOutputStream().write(late.toByteArray());

      Http2Peer server = connection();
      Eventually.holds(() -> server.saw("HEADERS 3"));
    }
    assertThat(patient.count("detect_timeout_total")).isZero();
  }

  @Test
  @Acceptance(42)
  void aRequestWithoutAuthorityIsAnswered() throws Exception {
    Http2Peer client = dial(new HostPort(cart.inbound, cart.service().port()));
    on(
        client,
        () -> client.headers(1, true, ":method", "GET", ":scheme", "http", ":path", "/plain"));
    Http2Peer server = connection();
    Eventually.holds(() -> server.saw("HEADERS 3"));
    on(server, () -> server.headers(FIRST, true, ":status", "200"));
    Eventually.holds(() -> client.saw("HEADERS 1 :status=200"));
  }

  private HostPort serve() {
    Channel listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    connections.add(Http2Peer.server(channel.pipeline(), new Http2Settings()));
                  }
                })
            .bind(TestMesh.address(), 0)
            .syncUninterruptibly()
            .channel();
    InetSocketAddress address = (InetSocketAddress) listener.localAddress();
    return new HostPort(address.getAddress().getHostAddress(), address.getPort());
  }

  private Http2Peer dial() {
    return dial(listener(web));
  }

  private HostPort listener(TestMesh.Sidecar caller) {
    return caller.calls(
        TestMesh.destination(
            cart.service(), AppProtocol.H2C, Timeouts.NONE, null, List.of(cart.endpoint())));
  }

  private Http2Peer dial(HostPort listener) {
    // Windows so large that this simple peer needs no flow control of its own.
    Http2Peer client = new Http2Peer(true, new Http2Settings().initialWindowSize(4 << 20));
    new Bootstrap()
        .group(loops)
        .channel(NioSocketChannel.class)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(client);
              }
            })
        .connect(listener.toSocketAddress())
        .syncUninterruptibly();
    return client;
  }

  private Http2Peer connection() throws InterruptedException {
    Http2Peer server = connections.poll(5, TimeUnit.SECONDS);
    if (server == null) {
      throw new AssertionError("the application was not called");
    }
    return server;
  }

  private static void on(Http2Peer peer, Runnable task) {
    peer.channel().eventLoop().submit(task).syncUninterruptibly();
  }
}
