package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Application, sidecar, mutual TLS, sidecar, application. */
class HttpThroughSidecarsTest {

  private final TestMesh mesh = new TestMesh();
  private final TestApplication application = new TestApplication();
  private final TestMesh.Sidecar cart =
      mesh.of("cart", application.address(), AppProtocol.HTTP).start();
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
  @Acceptance(99)
  void carriesARequestWithBothIdentities() throws Exception {
    application.remember();
    HostPort listener = web.calls(toCart(Timeouts.NONE, null));

    HttpResponse<String> answer = post(listener, "/cart?user=7", "two apples");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("two apples");
    assertThat(application.seen).hasSize(1);
    TestApplication.Seen seen = application.seen.getFirst();
    assertThat(seen.method()).isEqualTo("POST");
    assertThat(seen.path()).isEqualTo("/cart?user=7");
    assertThat(seen.protocol()).isEqualTo("HTTP/1.1");
    assertThat(seen.clientCert()).isEqualTo("URI=spiffe://cluster.local/ns/shop/sa/web");
    assertThat(seen.tryNumber()).isEqualTo("1");
    assertThat(cart.count("tls_handshakes_total", "inbound", "success")).isEqualTo(1);
    assertThat(cart.count("request_total", "direction=\"inbound\"", "tls=\"true\"")).isEqualTo(1);
    assertThat(
            web.count(
                "response_total",
                "direction=\"outbound\"",
                "status_code=\"200\"",
                "classification=\"success\""))
        .isEqualTo(1);
  }

  @Test
  void carriesAMegabyteByteByByte() throws Exception {
    HostPort listener = web.calls(toCart(Timeouts.NONE, null));
    byte[] body = new byte[1 << 20];
    new Random(7).nextBytes(body);

    HttpResponse<byte[]> answer =
        client.send(
            request(listener, "/large").POST(HttpRequest.BodyPublishers.ofByteArray(body)).build(),
            HttpResponse.BodyHandlers.ofByteArray());

    assertThat(answer.body()).isEqualTo(body);
  }

  @Test
  void removesWhatAClientClaimsToBe() throws Exception {
    application.remember();
    HostPort listener = web.calls(toCart(Timeouts.NONE, null));

    client.send(
        request(listener, "/")
            .header("x-forwarded-client-cert", "URI=spiffe://cluster.local/ns/shop/sa/admin")
            .header("x-mesh-try", "9")
            .build(),
        HttpResponse.BodyHandlers.discarding());

    assertThat(application.seen.getFirst().clientCert())
        .isEqualTo("URI=spiffe://cluster.local/ns/shop/sa/web");
    assertThat(application.seen.getFirst().tryNumber()).isEqualTo("1");
  }

  @Test
  void asksForAServiceOnlyWhenItIsCalled() throws Exception {
    HostPort listener = web.calls(toCart(Timeouts.NONE, null));
    assertThat(web.control().asked).isEmpty();
    get(listener, "/");
    assertThat(web.control().asked).containsExactly("+" + cart.service());
  }

  @Test
  @Acceptance(77)
  void retriesWithinTheLimitsAndCountsTries() throws Exception {
    application.behave(exchange ->
        TestApplication.status(application.requests.get() < 3 ? 503 : 200).answer(exchange));
    HostPort listener = web.calls(toCart(Timeouts.NONE, retry(2, "503")));

    assertThat(get(listener, "/").statusCode()).isEqualTo(200);

    assertThat(application.requests).hasValue(3);
    assertThat(web.count("retry_total")).isEqualTo(2);
    assertThat(web.count("request_total", "outbound")).isEqualTo(1);
    assertThat(web.count("try_total")).isEqualTo(3);
    assertThat(cart.count("request_total", "inbound")).isEqualTo(3);
  }

  @Test
  @Acceptance(92)
  void answersATimeoutInTimeAndCancelsTheWork() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    HostPort listener = web.calls(toCart(Timeouts.NONE, null));
    // The connection is there before the clock of the slow request runs.
    assertThat(get(listener, "/").statusCode()).isEqualTo(200);
    web.control()
        .destination(
            toCart(
                new Timeouts(Duration.ofMillis(300), Duration.ZERO, Duration.ofSeconds(60)), null));
    application.behave(exchange -> {
      try {
        release.await(5, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      TestApplication.status(200).answer(exchange);
    });

    HttpResponse<String> answer = get(listener, "/slow");

    assertThat(answer.statusCode()).isEqualTo(504);
    assertThat(answer.headers().firstValue("x-mesh-error")).contains("request-timeout");
    // The far sidecar was told at once: its exchange has ended although the application still
    // works.
    Eventually.holds(
        () -> cart.count("response_total", "inbound", "classification=\"failure\"") == 1);
    assertThat(web.count("timeout_total", "kind=\"request\"")).isEqualTo(1);
    release.countDown();
  }

  @Test
  @Acceptance(71)
  void ejectsTheEndpointThatFailsAndAnswersFromTheOther() throws Exception {
    try (TestApplication healthy = new TestApplication();
        TestMesh.Sidecar other = mesh.of("cart", healthy.address(), AppProtocol.HTTP).start()) {
      application.behave(TestApplication.status(503));
      ServicePort id = new ServicePort("shop", "cart", 8080);
      HostPort listener =
          web.calls(
              TestMesh.inTurn(
                  TestMesh.destination(
                      id,
                      AppProtocol.HTTP,
                      Timeouts.NONE,
                      null,
                      List.of(cart.endpoint(), other.endpoint()))));
      for (int i = 0; i < 60; i++) {
        get(listener, "/");
      }
      int failures = application.requests.get();
      assertThat(failures).isBetween(7, 8);
      assertThat(web.count("ejections_total")).isEqualTo(1);
      assertThat(healthy.requests.get()).isEqualTo(60 - failures);
    }
  }

  @Test
  void aCutBodyNeverEndsCleanly() throws Exception {
    application.behave(exchange -> {
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write(new byte[10_000]);
      exchange.getResponseBody().flush();
      throw new IOException("the application dies in the middle");
    });
    HostPort listener = web.calls(toCart(Timeouts.NONE, null));

    assertThat(failure(listener)).isInstanceOf(IOException.class);
    // More than once where the reset overtakes the head: the JDK's client then sends its GET again.
    Eventually.holds(() ->
        web.count(
                "response_total",
                "outbound",
                "classification=\"failure\"",
                "error=\"upstream-reset\"")
            >= 1);
    assertThat(web.count("response_total", "outbound", "classification=\"success\"")).isZero();
  }

  @Test
  @Acceptance(44)
  void tellsThatTheApplicationIsNotThere() throws Exception {
    HostPort nobody;
    try (ServerSocket taken = new ServerSocket(0)) {
      nobody = new HostPort(TestMesh.address(), taken.getLocalPort());
    }
    TestMesh.Sidecar lonely = mesh.of("lonely", nobody, AppProtocol.HTTP).start();
    HostPort listener =
        web.calls(
            TestMesh.destination(
                lonely.service(),
                AppProtocol.HTTP,
                Timeouts.NONE,
                null,
                List.of(lonely.endpoint())));

    HttpResponse<String> answer = get(listener, "/");

    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(answer.headers().firstValue("x-mesh-error")).contains("connect-failed");
    assertThat(answer.body()).contains(nobody.toString());
  }

  @Test
  void callsAnEndpointWithoutSidecarInPlaintext() throws Exception {
    EndpointSpec plain =
        new EndpointSpec(
            application.address(),
            application.address(),
            Optional.empty(),
            "",
            1,
            true,
            "shop/old",
            0);
    HostPort listener =
        web.calls(
            TestMesh.destination(
                new ServicePort("shop", "old", 8080),
                AppProtocol.HTTP,
                Timeouts.NONE,
                null,
                List.of(plain)));
    assertThat(post(listener, "/", "hello").body()).isEqualTo("hello");
    assertThat(web.count("response_total", "outbound", "tls=\"false\"")).isEqualTo(1);
  }

  @Test
  void aRequestLineThatIsNoneIsAnsweredAndNotCarried() throws Exception {
    for (HostPort address :
        List.of(
            web.calls(toCart(Timeouts.NONE, null)),
            new HostPort(cart.inbound, application.address().port()))) {
      for (String head : List.of("G ET / HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n", "@@@ \r\n\r\n")) {
        try (Socket socket = new Socket(address.host(), address.port())) {
          socket.setSoTimeout(5000);
          socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
          assertThat(socket.getInputStream().readAllBytes())
              .asString()
              .as(head)
              .startsWith("HTTP/1.1 400 ");
        }
      }
    }
    assertThat(application.requests).hasValue(0);
    assertThat(cart.count("tcp_open_total", "inbound", "peer=\"dst\"")).isZero();
  }

  @Test
  void anEndpointThatLeadsBackToTheListenerIsALoop() throws Exception {
    ServicePort id = new ServicePort("shop", "mirror", 8080);
    HostPort listener =
        web.calls(TestMesh.destination(id, AppProtocol.DETECT, Timeouts.NONE, null, List.of()));
    EndpointSpec itself =
        new EndpointSpec(
            listener,
            listener,
            Optional.of(TestMesh.identity("mirror")),
            "",
            1,
            true,
            "shop/mirror",
            0);
    web.control()
        .destination(
            TestMesh.destination(id, AppProtocol.DETECT, Timeouts.NONE, null, List.of(itself)));

    assertThat(get(listener, "/").statusCode()).isEqualTo(502);
    assertThat(web.count("refused_total", "outbound", "error=\"loop\"")).isPositive();
  }

  @Test
  @Acceptance(51)
  void tellsThatAServiceDoesNotExist() throws Exception {
    ServicePort id = new ServicePort("shop", "gone", 8080);
    HostPort listener =
        web.calls(TestMesh.destination(id, AppProtocol.HTTP, Timeouts.NONE, null, List.of()));
    web.control().notFound(id, "service shop/gone does not exist");
    HttpResponse<String> answer = get(listener, "/");
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).contains("service shop/gone does not exist");
  }

  private io.refmesh.model.discovery.Destination toCart(
      Timeouts timeouts, @org.jspecify.annotations.Nullable RetrySettings retry) {
    return TestMesh.destination(
        cart.service(), AppProtocol.HTTP, timeouts, retry, List.of(cart.endpoint()));
  }

  private static RetrySettings retry(int attempts, String on) {
    return new RetrySettings(
        attempts,
        List.of(RetryCondition.parse(on)),
        false,
        Duration.ofMillis(1),
        Duration.ofMillis(2),
        RetrySettings.BODY_LIMIT_BYTES,
        RetrySettings.Budget.DEFAULT);
  }

  private HttpResponse<String> get(HostPort listener, String path) throws Exception {
    return client.send(request(listener, path).build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> post(HostPort listener, String path, String body) throws Exception {
    return client.send(
        request(listener, path).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private Throwable failure(HostPort listener) throws InterruptedException {
    try {
      client.send(request(listener, "/").build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException e) {
      return e;
    }
    return new AssertionError("the answer ended cleanly");
  }

  private static HttpRequest.Builder request(HostPort listener, String path) {
    return HttpRequest.newBuilder(URI.create("http://" + listener + path))
        .timeout(Duration.ofSeconds(10));
  }
}
