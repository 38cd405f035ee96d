package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.testkit.TestCa;
import io.refmesh.testkit.acceptance.Acceptance;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Who may call whom, and what happens to those who may not: nothing of theirs reaches the
 * application.
 */
class IdentityThroughSidecarsTest {

  private final TestMesh mesh = new TestMesh();
  private final TestApplication application = new TestApplication();
  private final TestMesh.Sidecar cart = mesh.of("cart", application.address(), AppProtocol.HTTP);
  private final TestMesh.Sidecar web = mesh.caller("web");
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @AfterEach
  void close() {
    client.close();
    mesh.close();
    application.close();
  }

  @Test
  @Acceptance(100)
  void anotherIdentityThanDiscoveryNamedIsCalledByNobody() throws Exception {
    cart.start();
    web.start();
    EndpointSpec impostor = cart.endpoint(TestMesh.identity("pricing"));

    HttpResponse<String> answer = get(web.calls(to(impostor)));

    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(answer.headers().firstValue("x-mesh-error")).contains("tls-identity-mismatch");
    assertThat(answer.body()).contains("sa/cart").contains("sa/pricing");
    assertThat(application.requests).hasValue(0);
    assertThat(web.count("tls_handshake_failures_total", "outbound", "wrong-identity"))
        .isPositive();
  }

  @Test
  void aCallerOfAForeignAuthorityIsRefused() throws Exception {
    cart.start();
    refusedWith(new TestCa("foreign").leaf(TestMesh.identity("web").uri()), "unknown-ca");
  }

  @Test
  void aCallerWhoseLeafHasEndedIsRefused() throws Exception {
    cart.start();
    Instant now = Instant.now();
    refusedWith(
        mesh.ca.leaf(TestMesh.identity("web").uri(), now.minusSeconds(600), now.minusSeconds(60)),
        "expired");
  }

  private void refusedWith(TestCa.Leaf leaf, String reason) throws Exception {
    web.start();
    web.certify(leaf);

    HttpResponse<String> answer = get(web.calls(to(cart.endpoint())));

    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(answer.headers().firstValue("x-mesh-error")).contains("tls-handshake-failed");
    assertThat(application.requests).hasValue(0);
    assertThat(cart.count("tls_handshake_failures_total", "inbound", reason)).isPositive();
    assertThat(web.count("tls_handshake_failures_total", "outbound", "refused-by-peer"))
        .isPositive();
  }

  @Test
  void aPlaintextCallerIsServedOrRefusedAsThePolicySays() throws Exception {
    cart.start();
    HostPort address = new HostPort(cart.inbound, application.address().port());
    assertThat(get(address).statusCode()).isEqualTo(200);

    cart.allow(InboundPolicy.Default.ALL_AUTHENTICATED).configure();

    HttpResponse<String> refused = get(address);
    assertThat(refused.statusCode()).isEqualTo(403);
    // Strangers are told nothing more.
    assertThat(refused.headers().firstValue("x-mesh-error")).isEmpty();
    assertThat(refused.body()).isEmpty();
    assertThat(application.requests).hasValue(1);
  }

  @Test
  @Acceptance(113)
  void aForbiddenCallerIsToldWhichPolicyForbidsIt() throws Exception {
    cart.allow(
            InboundPolicy.Default.ALL_UNAUTHENTICATED,
            new Authorization(
                "shop/only-pricing",
                Authorization.Action.ALLOW,
                List.of(
                    new Authorization.Rule(
                        List.of(
                            new Authorization.Source(
                                List.of(TestMesh.identity("pricing").uri()), List.of())),
                        List.of()))))
        .start();
    web.start();

    HttpResponse<String> answer = get(web.calls(to(cart.endpoint())));

    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(answer.headers().firstValue("x-mesh-error")).contains("denied");
    assertThat(answer.body()).contains("shop/only-pricing").contains("sa/web");
    assertThat(application.requests).hasValue(0);
    assertThat(web.count("response_total", "outbound", "status_code=\"403\"", "error=\"denied\""))
        .isEqualTo(1);
  }

  @Test
  @Acceptance({9, 10})
  void nothingIsServedBeforeTheFirstCertificate() throws Exception {
    cart.startBare();
    web.start();
    HostPort address = new HostPort(cart.inbound, application.address().port());

    assertThat(cart.admin("/ready")).startsWith("503").contains("certificate");
    assertThat(get(address).statusCode()).isEqualTo(503);
    HttpResponse<String> answer = get(web.calls(to(cart.endpoint())));
    assertThat(answer.headers().firstValue("x-mesh-error")).contains("tls-handshake-failed");
    assertThat(application.requests).hasValue(0);

    cart.certify(mesh.ca.leaf(TestMesh.identity("cart").uri()));
    cart.configure();
    assertThat(cart.admin("/ready")).startsWith("200");
    assertThat(get(address).statusCode()).isEqualTo(200);
    assertThat(cart.admin("/application/" + application.address().port())).startsWith("200");
    assertThat(cart.admin("/application/1")).startsWith("503");
  }

  @Test
  @Acceptance(102)
  void rotationUnderLoadFailsNothingAndShowsNewSerials() throws Exception {
    cart.start();
    web.start();
    HostPort listener = web.calls(to(cart.endpoint()));
    AtomicBoolean stop = new AtomicBoolean();
    AtomicInteger failures = new AtomicInteger();
    AtomicInteger answers = new AtomicInteger();
    CompletableFuture<Void> load =
        CompletableFuture.runAsync(() -> {
          while (!stop.get()) {
            try {
              if (get(listener).statusCode() != 200) {
                failures.incrementAndGet();
              }
              answers.incrementAndGet();
            } catch (Exception e) {
              failures.incrementAndGet();
            }
          }
        });
    String before = serial(cart);
    for (int i = 0; i < 5; i++) {
      int seen = answers.get();
      cart.certify(mesh.ca.leaf(TestMesh.identity("cart").uri()));
      web.certify(mesh.ca.leaf(TestMesh.identity("web").uri()));
      Eventually.holds(() -> answers.get() > seen + 20);
    }
    stop.set(true);
    load.join();
    assertThat(failures).hasValue(0);
    assertThat(serial(cart)).isNotEqualTo(before);
    // The one connection was kept through all of it.
    assertThat(cart.count("tls_handshakes_total", "inbound", "success")).isEqualTo(1);
  }

  @Test
  @Acceptance(108)
  void nothingFailsWhileTheMeshMovesFromOneRootToAnother() throws Exception {
    TestCa next = new TestCa("next root");
    List<X509Certificate> both = List.of(mesh.ca.root(), next.root());
    cart.start();

    // Too early: nobody believes the next root yet.
    assertThat(called(next, List.of(next.root()))).isNotEqualTo(200);

    // Both are believed; then the issuer moves; then the old one goes. A caller may be a step ahead
    // or behind.
    cart.certify(mesh.ca.leaf(TestMesh.identity("cart").uri()), both);
    assertThat(called(mesh.ca, List.of(mesh.ca.root()))).isEqualTo(200);
    assertThat(called(mesh.ca, both)).isEqualTo(200);
    assertThat(called(next, both)).isEqualTo(200);
    cart.certify(next.leaf(TestMesh.identity("cart").uri()), both);
    assertThat(called(mesh.ca, both)).isEqualTo(200);
    assertThat(called(next, both)).isEqualTo(200);
    assertThat(called(next, List.of(next.root()))).isEqualTo(200);
    cart.certify(next.leaf(TestMesh.identity("cart").uri()), List.of(next.root()));
    assertThat(called(next, both)).isEqualTo(200);
    assertThat(called(mesh.ca, both)).isNotEqualTo(200);
  }

  /** The status that a caller gets who was certified just now, over a connection of its own. */
  private int called(TestCa issuer, List<X509Certificate> roots) throws Exception {
    TestMesh.Sidecar caller = mesh.caller("caller").startBare();
    caller.certify(issuer.leaf(TestMesh.identity("caller").uri()), roots);
    return get(caller.calls(to(cart.endpoint()))).statusCode();
  }

  @Test
  @Acceptance(157)
  void withoutACaNewWorkloadsStayNotReadyAndOldOnesWork() throws Exception {
    cart.start();
    web.start();
    HostPort listener = web.calls(to(cart.endpoint()));
    TestMesh.Sidecar late = mesh.caller("late").startBare();

    assertThat(late.admin("/ready")).startsWith("503").contains("certificate");
    assertThat(get(listener).statusCode()).isEqualTo(200);
    assertThat(cart.admin("/ready")).startsWith("200");
  }

  private static String serial(TestMesh.Sidecar sidecar) {
    String config = sidecar.admin("/config");
    int at = config.indexOf("\"serial\"");
    return config.substring(at, config.indexOf(',', at));
  }

  private Destination to(EndpointSpec endpoint) {
    return TestMesh.destination(
        cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(endpoint));
  }

  private HttpResponse<String> get(HostPort address) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://" + address + "/"))
            .timeout(Duration.ofSeconds(10))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
