package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.Egress;
import io.refmesh.proxy.accept.ConnectionLimit;
import io.refmesh.proxy.accept.Listener;
import io.refmesh.proxy.accept.Target;
import io.refmesh.proxy.accept.Transport;
import io.refmesh.proxy.http.client.ClientSettings;
import io.refmesh.proxy.http.client.ConnectionPools;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.policy.EgressRules;
import io.refmesh.proxy.relay.Dialer;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.MeshTls;
import io.refmesh.proxy.tls.TlsContexts;
import io.refmesh.proxy.tls.TlsPeers;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Calls that an application makes to places outside the mesh, as they come to its sidecar. */
class EgressConnectionsTest {

  private final Ticker ticker = Ticker.systemTicker();
  private final ProxyMetrics metrics = new ProxyMetrics(ticker, 10_000);
  private final Transport transport = Transport.best();
  private final EventLoopGroup loops = transport.loops(1, "egress-test");
  private final TestApplication site = new TestApplication();
  private volatile Optional<EgressRules> rules = Optional.empty();
  private HostPort listener = new HostPort("127.0.0.1", 1);
  private volatile HostPort called = site.address();

  @BeforeEach
  void listen() throws Exception {
    Dialer dialer = new Dialer(transport, metrics);
    MeshTls tls =
        new MeshTls(
            new TlsContexts(Duration.ofSeconds(20), InstantSource.system(), TlsPeers.SIDECARS),
            metrics,
            ticker);
    EgressConnections connections =
        new EgressConnections(
            () -> rules,
            new OutsideRelays(dialer, ticker, metrics),
            new ConnectionPools(
                new SidecarConnections(tls, TlsPeers.SIDECARS),
                transport.connections(),
                (pipeline, endpoint) -> transport.prepare(pipeline.channel()),
                ClientSettings.DEFAULT,
                ticker,
                new Random(1)),
            ServerSettings.of(ServerSettings.Role.OUTBOUND, ticker),
            Duration.ofMillis(400),
            Duration.ofMillis(300),
            metrics,
            List.of(),
            ticker);
    listener =
        new Listener(
                loops,
                transport,
                channel ->
                    Optional.of(
                        new Target.Outbound(
                            new ServicePort("outside", "outside", 1), AppProtocol.DETECT)),
                new ConnectionLimit(10_000),
                metrics,
                ticker,
                accepted -> connections.begin(accepted, called))
            .bind(new HostPort(TestMesh.address(), 0))
            .toCompletableFuture()
            .get(5, TimeUnit.SECONDS)
            .address();
  }

  @AfterEach
  void close() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    site.close();
  }

  @Test
  @Acceptance(127)
  void answersHttp403AndClosesTheRest() throws Exception {
    rules = deny();
    String answer = http("evil.example.com");
    assertThat(answer).startsWith("HTTP/1.1 403 ");
    assertThat(answer)
        .contains("x-mesh-error: denied")
        .contains("policy shop/outside: evil.example.com (" + site.address() + ") is none of");
    assertThat(tcp()).as("raw TCP").isEmpty();
    assertThatThrownBy(() -> tls("evil.example.com")).isInstanceOf(IOException.class);
    assertThat(site.requests).hasValue(0);
    assertThat(decisions("deny", "shop/outside")).isEqualTo(3);

    rules = Optional.of(new EgressRules(new Egress("shop/open", true, List.of())));
    assertThat(http("evil.example.com")).startsWith("HTTP/1.1 200 ");
    assertThat(decisions("allow", "shop/open")).isEqualTo(1);
  }

  @Test
  void carriesEverythingWhereNoPolicyIs() throws Exception {
    assertThat(http("anything.example.com")).startsWith("HTTP/1.1 200 ");
  }

  @Test
  @Acceptance(129)
  void letsTheServerNameThroughThatIsListedAndNoOther() throws Exception {
    try (ServerSocket server = server()) {
      rules =
          deny(new Egress.Entry("shop/outside[0]", List.of("s.example.com"), List.of(), List.of()));
      assertThat(hello(server, "s.example.com"))
          .as("the ClientHello as it was sent")
          .isEqualTo(0x16);
      assertThatThrownBy(() -> tls("t.example.com")).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> tls("sub.s.example.com")).isInstanceOf(IOException.class);
    }
  }

  @Test
  @Acceptance(129)
  void letsAPortThroughThatIsListedAndRefusesAnother() throws Exception {
    rules =
        deny(
            new Egress.Entry(
                "shop/outside[0]", List.of(), List.of(site.address().port()), List.of()));
    assertThat(http("anything.example.com")).startsWith("HTTP/1.1 200 ");
    try (ServerSocket other = server()) {
      assertThat(http("anything.example.com")).startsWith("HTTP/1.1 403 ");
    }
  }

  @Test
  void decidesEachRequestOfAConnectionForItself() throws Exception {
    rules =
        deny(new Egress.Entry("shop/outside[0]", List.of("*.example.org"), List.of(), List.of()));
    try (Socket socket = connect()) {
      socket
          .getOutputStream()
          .write(
              (request("a.example.org", "keep-alive")
                      + request("example.com", "keep-alive")
                      + request("b.example.org", "close"))
                  .getBytes(StandardCharsets.US_ASCII));
      String answers = text(socket.getInputStream());
      assertThat(answers.split("HTTP/1.1 ", -1))
          .extracting(answer -> answer.substring(0, Math.min(3, answer.length())))
          .containsExactly("", "200", "403", "200");
    }
    assertThat(site.requests).hasValue(2);
  }

  @Test
  void endsARequestWhoseBodyPauses() throws Exception {
    site.behave(exchange -> exchange.getRequestBody().readAllBytes());
    rules =
        deny(new Egress.Entry("shop/outside[0]", List.of("*.example.org"), List.of(), List.of()));
    try (Socket socket = connect()) {
      socket
          .getOutputStream()
          .write(
              "POST / HTTP/1.1\r\nHost: a.example.org\r\nContent-Length: 5\r\n\r\nhal"
                  .getBytes(StandardCharsets.US_ASCII));
      byte[] head = new byte[512];
      int length = socket.getInputStream().read(head);
      assertThat(new String(head, 0, length, StandardCharsets.US_ASCII))
          .startsWith("HTTP/1.1 504 ")
          .contains("x-mesh-error: idle-timeout");
    }
    String port = Integer.toString(site.address().port());
    assertThat(metrics.counter(ProxyMetric.TIMEOUT_TOTAL, "", "", port, "", "idle").value())
        .isEqualTo(1);
  }

  @Test
  void countsAndRefusesPortsBeyondTheBound() throws Exception {
    rules = deny();
    HostPort last = called;
    for (int port = 1; port <= 1024; port++) {
      // Not one of those that are opaque unless something else is said.
      called = new HostPort(last.host(), 20_000 + port);
      assertThat(http("a.example.org")).startsWith("HTTP/1.1 403 ");
    }
    called = new HostPort(last.host(), 1999);
    assertThat(http("a.example.org"))
        .startsWith("HTTP/1.1 503 ")
        .contains("x-mesh-error: overloaded");
    assertThat(metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "outside ports").value())
        .isEqualTo(1);
    called = new HostPort(last.host(), 20_001);
    assertThat(http("a.example.org")).startsWith("HTTP/1.1 403 ");
  }

  private static Optional<EgressRules> deny(Egress.Entry... entries) {
    return Optional.of(new EgressRules(new Egress("shop/outside", false, List.of(entries))));
  }

  private ServerSocket server() throws IOException {
    ServerSocket server = new ServerSocket();
    server.bind(new InetSocketAddress(TestMesh.address(), 0));
    called = new HostPort(server.getInetAddress().getHostAddress(), server.getLocalPort());
    return server;
  }

  private String http(String host) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request(host, "close").getBytes(StandardCharsets.US_ASCII));
      return text(socket.getInputStream());
    }
  }

  private static String request(String host, String connection) {
    return "GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: " + connection + "\r\n\r\n";
  }

  /** What comes back; nothing when the connection is reset. */
  private String tcp() throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(new byte[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14});
      return text(socket.getInputStream());
    } catch (java.net.SocketException reset) {
      return "";
    }
  }

  /** Shakes hands through the sidecar; the server must be there to answer. */
  private void tls(String name) throws IOException {
    try (SSLSocket socket =
        (SSLSocket)
            ((SSLSocketFactory) SSLSocketFactory.getDefault())
                .createSocket(connect(), name, 443, true)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(name)));
      socket.setSSLParameters(parameters);
      socket.startHandshake();
    }
  }

  /** The first byte that the server gets. */
  private int hello(ServerSocket server, String name) throws Exception {
    Thread client =
        Thread.ofVirtual()
            .start(() -> {
              try {
                tls(name);
              } catch (IOException expected) {
                // The server hangs up after the first byte.
              }
            });
    server.setSoTimeout(5_000);
    try (Socket accepted = server.accept()) {
      return accepted.getInputStream().read();
    } finally {
      client.join(5_000);
    }
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(listener.host(), listener.port());
    socket.setSoTimeout(5_000);
    return socket;
  }

  private static String text(InputStream stream) throws IOException {
    return new String(stream.readAllBytes(), StandardCharsets.US_ASCII);
  }

  private long decisions(String decision, String policy) {
    return metrics.counter(ProxyMetric.AUTHORIZATION_TOTAL, "outbound", decision, policy).value();
  }
}
