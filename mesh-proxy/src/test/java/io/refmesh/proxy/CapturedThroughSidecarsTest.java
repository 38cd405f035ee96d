package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.Egress;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.capture.TestRules;
import io.refmesh.testkit.TestNetwork;
import io.refmesh.testkit.TestNetwork.Namespace;
import io.refmesh.testkit.TestNetwork.Said;
import io.refmesh.testkit.acceptance.Acceptance;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * An unchanged program in one network namespace, a server in another, both with a sidecar to which
 * the kernel leads their connections; a third namespace has none. Programs run as user 1000; the
 * sidecars are of this JVM, and its user is the one that is exempt.
 */
@Tag("netns")
class CapturedThroughSidecarsTest {

  private static final int USER = 1000;
  private static final ServicePort CART = new ServicePort("shop", "cart", 8080);

  /** Nobody has them: services are only names of the mesh. */
  private static final HostPort SERVICE = new HostPort("198.19.0.1", 8080);

  private static final HostPort SERVICE_IPV6 = new HostPort("fd99:0:0:0:0:0:0:1", 8080);

  private final TestNetwork network = TestNetwork.create();
  private final Namespace web = network.namespace();
  private final Namespace cart = network.namespace();
  private final Namespace stranger = network.namespace();
  private final TestMesh mesh = new TestMesh();
  private final List<HttpServer> servers = new ArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private TestMesh.Sidecar webSidecar;
  private TestMesh.Sidecar cartSidecar;

  @BeforeEach
  void start() throws Exception {
    TestNetwork.require("curl", "curl");
    TestRules.write(web, 0);
    TestRules.write(cart, 0);
    webSidecar = web.call(() -> mesh.captured("web", web.ipv4(), Map.of()).start());
    cartSidecar =
        cart.call(() -> mesh.captured("cart", cart.ipv4(), Map.of(8080, AppProtocol.HTTP)).start());
    for (HostPort address : List.of(SERVICE, SERVICE_IPV6)) {
      webSidecar.control().address(address, new AddressState.Found(CART, AppProtocol.HTTP));
    }
    webSidecar.control().destination(destination(CART, TestMesh.identity("cart")));
  }

  @AfterEach
  void close() {
    mesh.close();
    servers.forEach(server -> server.stop(0));
    network.close();
  }

  @Test
  void anUnchangedProgramIsMeshed() throws Exception {
    serve(cart, cart.ipv4(), 8080);
    for (HostPort service : List.of(SERVICE, SERVICE_IPV6)) {
      assertThat(curl(web, "http://" + service + "/items").output())
          .isEqualTo("/items for URI=spiffe://cluster.local/ns/shop/sa/web");
    }
    assertThat(webSidecar.count("request_total", "direction=\"outbound\"", "service=\"cart\""))
        .isEqualTo(2);
    assertThat(cartSidecar.count("tcp_open_total", "direction=\"inbound\"", "tls=\"true\""))
        .isEqualTo(1);
  }

  @Acceptance(26)
  @Test
  void aPortThatTheServiceDoesNotDeclareIsRefused() throws Exception {
    serve(cart, cart.ipv4(), 8080);
    serve(cart, cart.ipv4(), 9091);
    webSidecar
        .control()
        .address(
            new HostPort(SERVICE.host(), 9091),
            new AddressState.Refused("the Service shop/cart has no port 9091"));
    assertThat(curl(web, "http://" + SERVICE.host() + ":8080/").exitCode()).isZero();
    int before = connections.get();
    assertThat(curl(web, "http://" + SERVICE.host() + ":9091/").exitCode()).isNotZero();
    assertThat(webSidecar.count("refused_total", "no-endpoints")).isEqualTo(1);
    assertThat(connections.get()).isEqualTo(before);
  }

  @Acceptance(62)
  @Test
  void aWorkloadsOwnAddressIsThatWorkloadWithItsIdentity() throws Exception {
    serve(cart, cart.ipv4(), 8080);
    ServicePort workload = new ServicePort("shop", "cart-0@" + cart.ipv4(), 8080);
    HostPort address = new HostPort(cart.ipv4(), 8080);
    webSidecar.control().address(address, new AddressState.Found(workload, AppProtocol.HTTP));
    webSidecar.control().destination(destination(workload, TestMesh.identity("cart")));
    assertThat(curl(web, "http://" + address + "/").output())
        .contains("URI=spiffe://cluster.local/ns/shop/sa/web");

    webSidecar.control().destination(destination(workload, TestMesh.identity("impostor")));
    int before = connections.get();
    assertThat(curl(web, "-i", "http://" + address + "/").output())
        .contains("502", "tls-identity-mismatch");
    assertThat(connections.get()).isEqualTo(before);
  }

  @Acceptance(127)
  @Test
  void whatThePolicyDoesNotListIsRefused() throws Exception {
    serve(stranger, "::", 8080);
    serve(stranger, "::", 8443);
    webSidecar.mayCall(
        new Egress(
            "shop/outside",
            false,
            List.of(
                new Egress.Entry(
                    "shop/outside[0]", List.of("api.example.com"), List.of(8080), List.of()))));
    int before = connections.get();
    String there = stranger.ipv4() + ":8080";
    Said denied = curl(web, "-i", "http://" + there + "/");
    assertThat(denied.output())
        .contains("403", "x-mesh-error: denied", "policy shop/outside: " + stranger.ipv4());
    assertThat(curl(web, "-k", "https://" + stranger.ipv4() + ":8443/").exitCode()).isNotZero();
    assertThat(connections.get()).isEqualTo(before);
    assertThat(curl(web, "-H", "Host: api.example.com", "http://" + there + "/a").output())
        .isEqualTo("/a for nobody");
    assertThat(webSidecar.count("authorization_total", "outbound", "deny")).isEqualTo(2);
  }

  @Test
  void whatIsNotOfTheMeshIsReachedAsItIs() throws Exception {
    serve(stranger, "::", 8080);
    for (String address : List.of(stranger.ipv4(), "[" + stranger.ipv6() + "]")) {
      assertThat(curl(web, "http://" + address + ":8080/").output()).isEqualTo("/ for nobody");
    }
    assertThat(
            webSidecar.count(
                "tcp_open_total", "peer=\"dst\"", "tls=\"false\"", "direction=\"outbound\""))
        .isEqualTo(2);
    assertThat(curl(web, "http://" + stranger.ipv4() + ":8081/").exitCode())
        .as("nobody listens there")
        .isNotZero();
  }

  @Test
  void callersWithoutSidecarAndPortsThatAreNotDeclaredGoThroughTheInboundSide() throws Exception {
    serve(cart, cart.ipv4(), 8080);
    serve(cart, cart.ipv4(), 9999);
    for (int port : new int[] {8080, 9999}) {
      assertThat(curl(stranger, "http://" + cart.ipv4() + ":" + port + "/").output())
          .isEqualTo("/ for nobody");
      assertThat(cartSidecar.count("request_total", "dst_port=\"" + port + "\"")).isEqualTo(1);
    }
  }

  @Acceptance(4)
  @Test
  void nothingIsRelayedThatWasAimedAtTheSidecarItself() throws Exception {
    serve(cart, cart.ipv4(), 8080);
    for (int port : new int[] {4140, 4143}) {
      assertThat(
              curl(
                      stranger,
                      "-H",
                      "Host: cart.shop:8080",
                      "http://" + cart.ipv4() + ":" + port + "/")
                  .exitCode())
          .as("from outside to " + port)
          .isNotZero();
      assertThat(curl(web, "http://" + cart.ipv4() + ":" + port + "/").exitCode())
          .as("from another workload to " + port)
          .isNotZero();
    }
    for (String own : List.of("127.0.0.1:4140", "[::1]:4140", "127.0.0.1:4143", "[::1]:4143")) {
      assertThat(curl(web, "-H", "Host: cart.shop:8080", "http://" + own + "/").exitCode())
          .as("from the application to its own sidecar at " + own)
          .isNotZero();
    }
    assertThat(connections.get()).isZero();
    assertThat(webSidecar.count("refused_total", "loop")).isEqualTo(4);
    assertThat(cartSidecar.count("refused_total", "loop")).isEqualTo(4);
  }

  @Acceptance(5)
  @Test
  void aServerOnLoopbackAloneIsNotReachedThroughTheMesh() throws Exception {
    serve(cart, "127.0.0.1", 8080);
    assertThat(curl(web, "-i", "http://" + SERVICE + "/").output())
        .contains("502", "connect-failed");
    assertThat(curl(stranger, "-i", "http://" + cart.ipv4() + ":8080/").output()).contains("502");
    assertThat(connections.get()).isZero();
    // The server is there: its neighbours on the same machine reach it.
    assertThat(curl(cart, "http://127.0.0.1:8080/").exitCode()).isZero();
  }

  @Test
  void bytesAndEndThatComeBeforeItIsKnownWhatIsThereAreNotLost() throws Exception {
    ServicePort echo = new ServicePort("shop", "cart", 7);
    webSidecar
        .control()
        .address(new HostPort(SERVICE.host(), 7), new AddressState.Found(echo, AppProtocol.OPAQUE));
    webSidecar
        .control()
        .destination(
            TestMesh.destination(
                echo, AppProtocol.OPAQUE, Timeouts.NONE, null, List.of(cartSidecar.endpoint())));
    serve(cart, cart.ipv4(), 8080);
    Said said =
        web.runAs(
            USER,
            "bash",
            "-c",
            "exec 3<>/dev/tcp/"
                + SERVICE.host()
                + "/7 && "
                + "printf 'GET /early HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3");
    assertThat(said.output()).endsWith("/early for nobody");
  }

  private Destination destination(ServicePort id, SpiffeId identity) {
    return TestMesh.destination(
        id, AppProtocol.HTTP, Timeouts.NONE, null, List.of(cartSidecar.endpoint(identity)));
  }

  private static Said curl(Namespace from, String... arguments) {
    List<String> all = new ArrayList<>(List.of("curl", "-sS", "-m", "5", "--noproxy", "*"));
    all.addAll(List.of(arguments));
    return from.runAs(USER, all.toArray(String[]::new));
  }

  /** Says the path and who called, and counts its connections' requests. */
  private void serve(Namespace where, String address, int port) throws Exception {
    servers.add(
        where.call(() -> {
          HttpServer server =
              HttpServer.create(new InetSocketAddress(InetAddress.getByName(address), port), 0);
          server.createContext(
              "/",
              exchange -> {
                connections.incrementAndGet();
                String caller = exchange.getRequestHeaders().getFirst("x-forwarded-client-cert");
                byte[] body =
                    (exchange.getRequestURI() + " for " + (caller == null ? "nobody" : caller))
                        .getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
                exchange.close();
              });
          server.start();
          return server;
        }));
  }
}
