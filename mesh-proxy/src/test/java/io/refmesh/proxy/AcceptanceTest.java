package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Cases of the acceptance table that need a whole pair of sidecars and no test of their own topic.
 */
class AcceptanceTest {

  private final TestMesh mesh = new TestMesh();
  private final TestApplication application = new TestApplication();
  private final TestMesh.Sidecar web = mesh.caller("web").start();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @AfterEach
  void close() {
    client.close();
    mesh.close();
    application.close();
  }

  @Test
  @Acceptance(17)
  void aPortThatIsOpaqueByDefaultCarriesTcpWithMutualTls() throws Exception {
    TestMesh.Sidecar database = serving(AppProtocol.OPAQUE);
    ServicePort mysql = new ServicePort("shop", "database", 3306);

    int status =
        get(web.calls(to(mysql, AppProtocol.DETECT, null, database.endpoint()))).statusCode();

    assertThat(status).isEqualTo(200);
    assertThat(tcpOpened()).isEqualTo(1);
    assertThat(web.count("request_total")).isZero();
    assertThat(database.count("request_total")).isZero();
  }

  @Test
  @Acceptance(25)
  void aPortThatIsDeclaredOpaqueCarriesHttpAsTcpAndAnUnknownWordIsDetected() throws Exception {
    TestMesh.Sidecar cart = serving(AppProtocol.DETECT);
    ServicePort opaque = new ServicePort("shop", "opaque", 8080);
    ServicePort http = new ServicePort("shop", "http", 8080);
    ServicePort unknown = new ServicePort("shop", "unknown", 8080);

    assertThat(get(web.calls(to(opaque, AppProtocol.OPAQUE, null, cart.endpoint()))).statusCode())
        .isEqualTo(200);
    assertThat(web.count("request_total")).isZero();
    assertThat(tcpOpened()).isEqualTo(1);

    assertThat(get(web.calls(to(http, AppProtocol.HTTP, null, cart.endpoint()))).statusCode())
        .isEqualTo(200);
    assertThat(web.count("request_total")).isEqualTo(1);

    AppProtocol whatever = AppProtocol.of("example.com/whatever");
    assertThat(get(web.calls(to(unknown, whatever, null, cart.endpoint()))).statusCode())
        .isEqualTo(200);
    assertThat(web.count("request_total", "dst_service=\"unknown\"")).isEqualTo(1);
  }

  @Test
  @Acceptance(26)
  void aPortThatTheServiceDoesNotDeclareIsRefused() throws Exception {
    TestMesh.Sidecar cart = serving(AppProtocol.HTTP);
    HostPort declared = web.calls(to(cart.service(), AppProtocol.HTTP, null, cart.endpoint()));

    assertThat(get(declared).statusCode()).isEqualTo(200);
    for (String host : List.of(declared.host(), cart.inbound)) {
      assertThatThrownBy(() -> new Socket(host, 9091).close()).isInstanceOf(ConnectException.class);
    }
  }

  @Test
  @Acceptance(43)
  void aServerThatDoesNotListenIsAnswered502AndOneThatDoesNotAnswerTheConnect504()
      throws Exception {
    TestMesh.Sidecar cart = serving(AppProtocol.HTTP);
    HostPort listener = web.calls(to(cart.service(), AppProtocol.HTTP, null, cart.endpoint()));
    application.close();

    HttpResponse<String> refused = get(listener);

    assertThat(refused.statusCode()).isEqualTo(502);
    assertThat(refused.headers().firstValue("x-mesh-error")).contains("connect-failed");

    // The kernel answers no more connects when as many wait to be accepted as may.
    InetAddress loopback = InetAddress.getByName(TestMesh.address());
    List<SocketChannel> waiting = new ArrayList<>();
    try (ServerSocket silent = new ServerSocket(0, 1, loopback)) {
      HostPort address = new HostPort(loopback.getHostAddress(), silent.getLocalPort());
      for (int i = 0; i < 4; i++) {
        SocketChannel one = SocketChannel.open();
        one.configureBlocking(false);
        one.connect(address.toSocketAddress());
        waiting.add(one);
      }
      EndpointSpec deaf =
          new EndpointSpec(address, address, Optional.empty(), "", 1, true, "shop/deaf", 0);
      ServicePort id = new ServicePort("shop", "deaf", 8080);

      HttpResponse<String> late = get(web.calls(to(id, AppProtocol.HTTP, null, deaf)));

      assertThat(late.statusCode()).isEqualTo(504);
      assertThat(late.headers().firstValue("x-mesh-error")).contains("connect-timeout");
    } finally {
      for (SocketChannel one : waiting) {
        one.close();
      }
    }
  }

  @Test
  @Acceptance({50, 53})
  void callsFollowTheEndpointsAsTheyChange() throws Exception {
    TestMesh.Sidecar a = serving(AppProtocol.HTTP);
    ServicePort id = new ServicePort("shop", "cart", 8080);
    try (TestApplication other = new TestApplication()) {
      TestMesh.Sidecar b = mesh.of("cart", other.address(), AppProtocol.HTTP).start();
      HostPort listener = web.calls(to(id, AppProtocol.HTTP, null, a.endpoint()));
      for (int i = 0; i < 20; i++) {
        assertThat(get(listener).statusCode()).isEqualTo(200);
      }
      assertThat(application.requests).hasValue(20);

      web.control().destination(to(id, AppProtocol.HTTP, null, b.endpoint()));

      for (int i = 0; i < 20; i++) {
        assertThat(get(listener).statusCode()).isEqualTo(200);
      }
      assertThat(application.requests).hasValue(20);
      assertThat(other.requests).hasValue(20);

      web.control().destination(to(id, AppProtocol.HTTP, null));

      HttpResponse<String> refused = get(listener);
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("x-mesh-error")).contains("no-endpoints");
    }
  }

  @Test
  @Acceptance(67)
  void theOnlyEndpointIsEjectedWhenThePolicyAllowsAllToBe() throws Exception {
    TestMesh.Sidecar cart = serving(AppProtocol.HTTP);
    application.behave(TestApplication.status(500));
    BackendSettings settings =
        new BackendSettings(
            BackendSettings.Balancer.DEFAULT,
            new BackendSettings.Ejection(
                5,
                0,
                Duration.ofSeconds(10),
                5,
                Duration.ofSeconds(10),
                Duration.ofSeconds(60),
                0,
                100),
            BackendSettings.Limits.DEFAULT,
            Duration.ofSeconds(1));
    Destination plain = to(cart.service(), AppProtocol.HTTP, null, cart.endpoint());
    Destination strict =
        new Destination(
            plain.id(),
            plain.protocol(),
            plain.rules(),
            Map.of(
                plain.id(),
                new Backend(plain.id(), AppProtocol.HTTP, List.of(cart.endpoint()), settings)));
    HostPort listener = web.calls(strict);

    for (int i = 0; i < 5; i++) {
      assertThat(get(listener).statusCode()).isEqualTo(500);
    }
    for (int i = 0; i < 5; i++) {
      HttpResponse<String> refused = get(listener);
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("x-mesh-error")).contains("all-ejected");
    }
    assertThat(application.requests).hasValue(5);
  }

  @Test
  @Acceptance(101)
  void anEndpointThatIsSaidToBeMeshedButSpeaksPlaintextGetsNothing() throws Exception {
    EndpointSpec pretender =
        new EndpointSpec(
            application.address(),
            application.address(),
            Optional.of(TestMesh.identity("cart")),
            "",
            1,
            true,
            "shop/cart",
            0);

    HttpResponse<String> answer =
        get(
            web.calls(
                to(new ServicePort("shop", "cart", 8080), AppProtocol.HTTP, null, pretender)));

    assertThat(answer.statusCode()).isIn(502, 504);
    assertThat(answer.headers().firstValue("x-mesh-error")).isPresent();
    assertThat(application.requests).hasValue(0);
  }

  @Test
  @Acceptance(112)
  void theDefaultOfAPortLetsInEverybodyMeshedCallersOrNobody() throws Exception {
    TestMesh.Sidecar cart = serving(AppProtocol.HTTP);
    HostPort meshed = web.calls(to(cart.service(), AppProtocol.HTTP, null, cart.endpoint()));
    HostPort stranger = new HostPort(cart.inbound, application.address().port());

    cart.allow(InboundPolicy.Default.ALL_UNAUTHENTICATED).configure();
    assertThat(List.of(get(meshed).statusCode(), get(stranger).statusCode()))
        .containsExactly(200, 200);

    cart.allow(InboundPolicy.Default.ALL_AUTHENTICATED).configure();
    assertThat(List.of(get(meshed).statusCode(), get(stranger).statusCode()))
        .containsExactly(200, 403);

    cart.allow(InboundPolicy.Default.DENY).configure();
    assertThat(List.of(get(meshed).statusCode(), get(stranger).statusCode()))
        .containsExactly(403, 403);
    assertThat(application.requests).hasValue(3);
  }

  @Test
  @Acceptance(112)
  void aTcpConnectionThatTheDefaultForbidsIsClosed() throws Exception {
    TestMesh.Sidecar cart = serving(AppProtocol.OPAQUE);
    cart.allow(InboundPolicy.Default.ALL_AUTHENTICATED).configure();
    HostPort stranger = new HostPort(cart.inbound, application.address().port());

    assertThat(firstLine(stranger)).isEmpty();
    assertThat(application.requests).hasValue(0);
  }

  @Test
  @Acceptance(115)
  void pathsAreOpenForThoseWhoMayCallThem() throws Exception {
    TestMesh.Sidecar cart = serving(AppProtocol.HTTP);
    HostPort meshed = web.calls(to(cart.service(), AppProtocol.HTTP, null, cart.endpoint()));
    HostPort stranger = new HostPort(cart.inbound, application.address().port());
    Authorization forWeb =
        allow("shop/web", "/orders", List.of(identified(TestMesh.identity("web").uri())));
    cart.allow(InboundPolicy.Default.ALL_UNAUTHENTICATED, forWeb).configure();

    assertThat(get(meshed, "/orders").statusCode()).isEqualTo(200);
    assertThat(get(stranger, "/orders").statusCode()).isEqualTo(403);
    assertThat(get(meshed, "/prices").statusCode()).isEqualTo(403);
    assertThat(get(stranger, "/prices").statusCode()).isEqualTo(403);

    cart.allow(
            InboundPolicy.Default.ALL_UNAUTHENTICATED,
            forWeb,
            allow("shop/all", "/prices", List.of()))
        .configure();
    assertThat(get(stranger, "/prices").statusCode()).isEqualTo(200);
    assertThat(get(stranger, "/orders").statusCode()).isEqualTo(403);
  }

  @Test
  @Acceptance({90, 168})
  void resetsOfOneEndpointAreHiddenByOneRetry() throws Exception {
    TestMesh.Sidecar bad = serving(AppProtocol.HTTP);
    AtomicInteger resets = new AtomicInteger();
    application.behave(exchange -> {
      if (application.requests.get() % 10 < 3) {
        resets.incrementAndGet();
        throw new IOException("the application resets three of ten");
      }
      TestApplication.status(200).answer(exchange);
    });
    try (TestApplication healthy = new TestApplication()) {
      TestMesh.Sidecar good = mesh.of("cart", healthy.address(), AppProtocol.HTTP).start();
      RetrySettings once =
          new RetrySettings(
              1,
              List.of(RetryCondition.parse("reset")),
              false,
              Duration.ofMillis(1),
              Duration.ofMillis(2),
              RetrySettings.BODY_LIMIT_BYTES,
              RetrySettings.Budget.DEFAULT);
      HostPort listener =
          web.calls(
              to(
                  new ServicePort("shop", "cart", 8080),
                  AppProtocol.HTTP,
                  once,
                  bad.endpoint(),
                  good.endpoint()));
      int succeeded = 0;
      for (int i = 0; i < 400; i++) {
        succeeded += get(listener).statusCode() == 200 ? 1 : 0;
      }
      assertThat(succeeded).isGreaterThanOrEqualTo(398);
      assertThat(resets).hasPositiveValue();
      // A kept connection that is reset is replaced without a try; one that was new is not.
      assertThat(web.count("retry_total", "reset")).isPositive();
    }
  }

  private TestMesh.Sidecar serving(AppProtocol protocol) {
    return mesh.of("cart", application.address(), protocol).start();
  }

  private static Destination to(
      ServicePort id,
      AppProtocol protocol,
      @Nullable RetrySettings retry,
      EndpointSpec... endpoints) {
    return TestMesh.destination(id, protocol, Timeouts.NONE, retry, List.of(endpoints));
  }

  private static Authorization allow(String name, String path, List<Authorization.Source> callers) {
    return new Authorization(
        name,
        Authorization.Action.ALLOW,
        List.of(
            new Authorization.Rule(
                callers,
                List.of(
                    new Authorization.Target(List.of(), List.of(), List.of(path), List.of())))));
  }

  private static Authorization.Source identified(String uri) {
    return new Authorization.Source(List.of(uri), List.of());
  }

  private long tcpOpened() {
    return web.count("tcp_open_total", "outbound", "peer=\"dst\"", "tls=\"true\"");
  }

  /** What an HTTP/1.1 request is answered with; empty when the connection is closed instead. */
  private static String firstLine(HostPort address) throws IOException {
    try (Socket socket = new Socket(address.host(), address.port())) {
      socket.setSoTimeout(5000);
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: cart.shop\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      byte[] answer = socket.getInputStream().readNBytes(20);
      return new String(answer, StandardCharsets.ISO_8859_1);
    } catch (java.net.SocketException reset) {
      return "";
    }
  }

  private HttpResponse<String> get(HostPort address) throws Exception {
    return get(address, "/");
  }

  private HttpResponse<String> get(HostPort address, String path) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://" + address + path))
            .timeout(Duration.ofSeconds(10))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
