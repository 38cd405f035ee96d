package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.wire.RawClient;
import io.refmesh.proxy.http.wire.RawClient.Message;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Connections that stop being HTTP: application, sidecar, mutual TLS, sidecar, application. */
class UpgradesThroughSidecarsTest {

  private static final String HANDSHAKE =
      "GET /chat HTTP/1.1\r\n"
          + "Host: cart.shop\r\n"
          + "Connection: keep-alive, Upgrade\r\n"
          + "Upgrade: websocket\r\n"
          + "Sec-WebSocket-Version: 13\r\n"
          + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  private static final String SWITCHING =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

  private final TestMesh mesh = new TestMesh();
  private final RawApplication application = new RawApplication();
  private final TestMesh.Sidecar cart =
      mesh.of("cart", application.address(), AppProtocol.HTTP).start();
  private final TestMesh.Sidecar web = mesh.caller("web").start();

  @AfterEach
  void close() {
    mesh.close();
    application.close();
  }

  private HostPort calls(Timeouts timeouts, EndpointSpec endpoint) {
    return web.calls(
        TestMesh.destination(cart.service(), AppProtocol.HTTP, timeouts, null, List.of(endpoint)));
  }

  private HostPort calls() {
    return calls(Timeouts.NONE, cart.endpoint());
  }

  private static RawClient connect(HostPort listener) throws IOException {
    return new RawClient(new Socket(listener.host(), listener.port()));
  }

  /** Sends back what it gets until the caller ends its side, then ends its own. */
  private static void echoUntilEnd(RawClient connection) throws IOException {
    for (int b = connection.read(); b >= 0; b = connection.read()) {
      connection.socket().getOutputStream().write(b);
    }
    connection.socket().close();
  }

  private void switchesAndEchoes() {
    application.behave((connection, request) -> {
      connection.send(SWITCHING);
      echoUntilEnd(connection);
    });
  }

  @Test
  @Acceptance(31)
  void carriesAWebSocketBothWaysUntilOneSideCloses() throws IOException {
    switchesAndEchoes();
    HostPort listener = calls();
    try (RawClient client = connect(listener)) {
      Message answer = client.send(HANDSHAKE).readHead();

      assertThat(answer.start()).isEqualTo("HTTP/1.1 101 Switching Protocols");
      assertThat(answer.field("upgrade")).isEqualTo("websocket");
      assertThat(answer.field("connection")).isEqualToIgnoringCase("upgrade");
      assertThat(answer.field("sec-websocket-accept")).isEqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      assertThat(answer.field("x-mesh-upgraded")).isNull();
      byte[] frames = new byte[50_000];
      new Random(3).nextBytes(frames);
      client.send(frames);
      assertThat(client.readBytes(frames.length)).isEqualTo(frames);
      client.socket().shutdownOutput();
      assertThat(client.read()).isNegative();
    }
    Message seen = application.request(0);
    assertThat(seen.start()).isEqualTo("GET /chat HTTP/1.1");
    assertThat(seen.field("upgrade")).isEqualTo("websocket");
    assertThat(seen.field("connection")).isEqualToIgnoringCase("upgrade");
    assertThat(seen.field("sec-websocket-key")).isEqualTo("dGhlIHNhbXBsZSBub25jZQ==");
    assertThat(seen.field("x-mesh-original-method")).isNull();
    assertThat(cart.count("tls_handshakes_total", "inbound", "success")).isEqualTo(1);
    assertThat(web.count("tunnels_total", "outbound", "websocket")).isEqualTo(1);
    assertThat(cart.count("tunnels_total", "inbound", "websocket")).isEqualTo(1);
    Eventually.holds(
        () -> web.count("response_total", "outbound", "status_code=\"101\"", "success") == 1);
    Eventually.holds(() -> cart.count("response_total", "inbound", "status_code=\"101\"") == 1);
  }

  @Test
  void carriesAnyProtocolWithAnyMethodToAnEndpointWithoutSidecar() throws IOException {
    application.behave((connection, request) -> {
      connection.send("HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\nhello");
      echoUntilEnd(connection);
    });
    for (EndpointSpec endpoint :
        List.of(
            cart.endpoint(),
            new EndpointSpec(
                application.address(),
                application.address(),
                Optional.empty(),
                "",
                1,
                true,
                "shop/cart",
                0))) {
      HostPort listener = calls(Timeouts.NONE, endpoint);
      try (RawClient client = connect(listener)) {
        Message answer =
            client
                .send(
                    "POST /attach HTTP/1.1\r\n"
                        + "Host: a\r\n"
                        + "Upgrade: tcp\r\n"
                        + "Connection: Upgrade\r\n\r\n")
                .readHead();
        assertThat(answer.status()).isEqualTo(101);
        assertThat(answer.field("upgrade")).isEqualTo("tcp");
        assertThat(client.readBytes(5)).asString().isEqualTo("hello");
        assertThat(client.send("more").readBytes(4)).asString().isEqualTo("more");
      }
    }
    assertThat(application.request(0).start()).isEqualTo("POST /attach HTTP/1.1");
    assertThat(application.request(1).start()).isEqualTo("POST /attach HTTP/1.1");
  }

  @Test
  void passesTheEndOfOneDirectionOnWhileTheOtherGoesOn() throws IOException {
    byte[] late = new byte[300_000];
    new Random(5).nextBytes(late);
    application.behave((connection, request) -> {
      connection.send(SWITCHING);
      ByteArrayOutputStream got = new ByteArrayOutputStream();
      for (int b = connection.read(); b >= 0; b = connection.read()) {
        got.write(b);
      }
      // Only after the caller has ended.
      connection.send(got.toString(StandardCharsets.UTF_8) + ":").send(late);
      connection.socket().close();
    });
    try (RawClient client = connect(calls())) {
      client.send(HANDSHAKE).readHead();
      client.send("all").socket().shutdownOutput();
      assertThat(client.readBytes(4)).asString().isEqualTo("all:");
      assertThat(client.readBytes(late.length)).isEqualTo(late);
      assertThat(client.read()).isNegative();
    }
  }

  @Test
  void passesACutOnAsAReset() throws IOException {
    CountDownLatch cut = new CountDownLatch(1);
    application.behave((connection, request) -> {
      connection.send(SWITCHING + "half a mess");
      await(cut);
      connection.socket().setSoLinger(true, 0);
      connection.socket().close();
    });
    try (RawClient client = connect(calls())) {
      client.send(HANDSHAKE).readHead();
      client.readBytes(11);
      cut.countDown();
      assertThat(readsReset(client)).isTrue();
    }
  }

  @Test
  void bytesThatComeBeforeTheAnswerAreKeptAndNotReadAsHttp() throws IOException {
    application.behave((connection, request) -> {
      connection.send(SWITCHING);
      echoUntilEnd(connection);
    });
    try (RawClient client = connect(calls())) {
      client.send(HANDSHAKE + "GET /not-a-request HTTP/1.1\r\n\r\n").readHead();
      assertThat(new String(client.readBytes(31), StandardCharsets.UTF_8))
          .isEqualTo("GET /not-a-request HTTP/1.1\r\n\r\n");
    }
    assertThat(application.seen).hasSize(1);
  }

  @Test
  void anAnswerThatDoesNotSwitchIsAnOrdinaryAnswer() throws IOException {
    application.behave((connection, request) ->
        connection.send(
            request.field("upgrade") == null
                ? "HTTP/1.1 204 No Content\r\n\r\n"
                : "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain"));
    try (RawClient client = connect(calls())) {
      Message answer =
          client.send(HANDSHAKE + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.text()).isEqualTo("plain");
      assertThat(answer.field("x-mesh-error")).isNull();
      // What was sent ahead is a request after all.
      assertThat(client.readResponse().status()).isEqualTo(204);
      assertThat(client.send("GET /last HTTP/1.1\r\nHost: a\r\n\r\n").readResponse().status())
          .isEqualTo(204);
    }
    assertThat(application.request(1).start()).isEqualTo("GET /next HTTP/1.1");
  }

  @Test
  @Acceptance(32)
  void case32UpgradeToHttp2IsNotOffered() throws IOException {
    try (RawClient client = connect(calls())) {
      Message answer =
          client
              .send(
                  "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                      + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
              .readResponse();
      assertThat(answer.start()).isEqualTo("HTTP/1.1 200 OK");
    }
    assertThat(application.request(0).field("upgrade")).isNull();
    assertThat(application.request(0).field("connection")).isNull();
    assertThat(application.request(0).field("http2-settings")).isNull();
  }

  @Test
  @Acceptance(33)
  void case33ConnectOpensATunnelAndTheLengthIsRemoved() throws IOException {
    application.behave((connection, request) -> {
      connection.send("HTTP/1.1 200 Connected\r\ncontent-length: 77\r\nx-via: proxy\r\n\r\n");
      echoUntilEnd(connection);
    });
    try (RawClient client = connect(calls())) {
      Message answer =
          client.send("CONNECT db.example:5432 HTTP/1.1\r\nHost: other\r\n\r\n").readHead();
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.field("content-length")).isNull();
      assertThat(answer.field("transfer-encoding")).isNull();
      assertThat(answer.field("x-via")).isEqualTo("proxy");
      assertThat(client.send("ping").readBytes(4)).asString().isEqualTo("ping");
      client.socket().shutdownOutput();
      assertThat(client.read()).isNegative();
    }
    assertThat(application.request(0).start()).isEqualTo("CONNECT db.example:5432 HTTP/1.1");
    assertThat(application.request(0).field("host")).isEqualTo("db.example:5432");
  }

  @Test
  void aRefusedConnectIsAnOrdinaryAnswer() throws IOException {
    application.answers("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    try (RawClient client = connect(calls())) {
      Message answer = client.send("CONNECT db.example:5432 HTTP/1.1\r\n\r\n").readResponse();
      assertThat(answer.status()).isEqualTo(403);
      assertThat(answer.text()).isEqualTo("no");
      assertThat(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse().status())
          .isEqualTo(403);
    }
  }

  @Test
  void aTunnelThatIsSilentForTooLongIsCutAndCounted() throws IOException {
    switchesAndEchoes();
    HostPort listener =
        calls(
            new Timeouts(Duration.ofMillis(250), Duration.ZERO, Duration.ofMillis(600)),
            cart.endpoint());
    try (RawClient client = connect(listener)) {
      client.send(HANDSHAKE).readHead();
      // Longer than the request timeout, which ends with the 101, and never idle.
      for (int i = 0; i < 4; i++) {
        assertThat(client.send("x").readBytes(1)).asString().isEqualTo("x");
        pause(200);
      }
      assertThat(readsReset(client)).isTrue();
    }
    assertThat(web.count("timeout_total", "idle")).isEqualTo(1);
    assertThat(web.count("timeout_total", "request")).isZero();
  }

  @Test
  void retriesBeforeTheUpgradeAndNeverAfterIt() throws IOException {
    CountDownLatch cut = new CountDownLatch(1);
    application.behave((connection, request) -> {
      if (application.seen.size() == 1) {
        connection.send("HTTP/1.1 503 Not Now\r\ncontent-length: 0\r\n\r\n");
      } else {
        connection.send(SWITCHING);
        await(cut);
        connection.socket().setSoLinger(true, 0);
        connection.socket().close();
      }
    });
    HostPort listener =
        web.calls(
            TestMesh.destination(
                cart.service(),
                AppProtocol.HTTP,
                Timeouts.NONE,
                retryOn("503", "reset"),
                List.of(cart.endpoint())));
    try (RawClient client = connect(listener)) {
      assertThat(client.send(HANDSHAKE).readHead().status()).isEqualTo(101);
      cut.countDown();
      assertThat(readsReset(client)).isTrue();
    }
    assertThat(application.seen).hasSize(2);
  }

  @Test
  void isRefusedByPolicyBeforeItReachesTheApplication() throws IOException {
    switchesAndEchoes();
    cart.allow(InboundPolicy.Default.DENY).configure();
    try (RawClient client = connect(calls())) {
      Message answer = client.send(HANDSHAKE).readResponse();
      assertThat(answer.status()).isEqualTo(403);
      assertThat(answer.field("x-mesh-error")).isEqualTo("denied");
      answer = client.send("CONNECT a:80 HTTP/1.1\r\n\r\n").readResponse();
      assertThat(answer.status()).isEqualTo(403);
    }
    assertThat(application.connections).hasValue(0);
  }

  @Test
  void aDrainGivesTunnelsItsTimeAndThenClosesThem() throws Exception {
    mesh.drainTimeout = Duration.ofMillis(1500);
    RawApplication other = new RawApplication();
    TestMesh.Sidecar leaving = mesh.of("cart", other.address(), AppProtocol.HTTP).start();
    other.behave((connection, request) -> {
      connection.send(SWITCHING);
      echoUntilEnd(connection);
    });
    try (RawClient client = connect(calls(Timeouts.NONE, leaving.endpoint()))) {
      client.send(HANDSHAKE).readHead();
      CompletableFuture<Void> drained = leaving.proxy.drain().toCompletableFuture();
      pause(900);
      assertThat(drained).isNotDone();
      assertThat(client.send("still here").readBytes(10)).asString().isEqualTo("still here");
      drained.get(5, TimeUnit.SECONDS);
      leaving.close();
      assertThat(readsReset(client)).isTrue();
    }
    other.close();
  }

  private static RetrySettings retryOn(String... conditions) {
    return new RetrySettings(
        3,
        Arrays.stream(conditions).map(RetryCondition::parse).toList(),
        false,
        Duration.ofMillis(1),
        Duration.ofMillis(2),
        RetrySettings.BODY_LIMIT_BYTES,
        RetrySettings.Budget.DEFAULT);
  }

  private static boolean readsReset(RawClient client) {
    try {
      while (client.read() >= 0) {
        // What was on its way before the cut.
      }
      return false;
    } catch (SocketException e) {
      return String.valueOf(e.getMessage()).contains("reset");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void pause(long millis) {
    await(new CountDownLatch(1), millis);
  }

  private static void await(CountDownLatch latch, long millis) {
    try {
      latch.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
