package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.ConnectionRule;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Routes, copies and limits from an application through its sidecar to others with sidecars. Long,
 * because every case needs the same services.
 */
class RoutesThroughSidecarsTest {

  private static final Ticker TICKER = Ticker.systemTicker();
  private static final ServicePort CART = new ServicePort("shop", "cart", 8080);
  private static final ServicePort V1 = new ServicePort("shop", "cart-v1", 8080);
  private static final ServicePort V2 = new ServicePort("shop", "cart-v2", 8080);
  private static final ServicePort GONE = new ServicePort("shop", "gone", 8080);
  private static final ServicePort EMPTY = new ServicePort("shop", "empty", 8080);

  private final TestMesh mesh = new TestMesh();
  private final TestApplication one = named("v1");
  private final TestApplication two = named("v2");
  private final TestMesh.Sidecar first =
      mesh.of("cart-v1", one.address(), AppProtocol.HTTP).start();
  private final TestMesh.Sidecar second =
      mesh.of("cart-v2", two.address(), AppProtocol.HTTP).start();
  private final TestMesh.Sidecar web = mesh.caller("web").start();
  private final HttpClient client = HttpClient.newHttpClient();

  @AfterEach
  void close() {
    client.close();
    mesh.close();
    one.close();
    two.close();
  }

  @Test
  @Acceptance({132, 133, 135})
  void sendsRequestsWhereTheirRuleSaysAndAnswersForMissingBackends() throws Exception {
    HostPort listener =
        web.calls(
            destination(
                BackendSettings.DEFAULT,
                rule("/invalid", List.of(), new WeightedBackend(GONE, 1, false)),
                rule("/empty", List.of(), new WeightedBackend(EMPTY, 1, true)),
                rule("/zero", List.of(), to(V1, 0), to(V2, 1)),
                rule("/none", List.of(), to(V1, 0), to(V2, 0)),
                new RouteRule(
                    "shop/canary/0",
                    List.of(),
                    new HttpMatch(
                        new HttpMatch.PathMatch.Prefix("/"),
                        "",
                        List.of(new HttpMatch.HeaderMatch("x-canary", "yes", false)),
                        List.of()),
                    List.of(),
                    List.of(to(V2, 1)),
                    Timeouts.NONE,
                    Optional.empty()),
                rule("/valid", List.of(), to(V1, 1))));

    assertThat(get(listener, "/valid").body()).isEqualTo("v1");
    HttpResponse<String> invalid = get(listener, "/invalid");
    assertThat(invalid.statusCode()).isEqualTo(500);
    assertThat(invalid.headers().firstValue("x-mesh-error")).contains("invalid-backend");
    HttpResponse<String> empty = get(listener, "/empty");
    assertThat(empty.statusCode()).isEqualTo(503);
    assertThat(empty.headers().firstValue("x-mesh-error")).contains("no-endpoints");
    assertThat(get(listener, "/other").statusCode()).isEqualTo(404);
    assertThat(get(listener, "/valid", "x-canary", "yes").body()).isEqualTo("v2");
    assertThat(get(listener, "/valid", "x-canary", "no").body()).isEqualTo("v1");
    for (int i = 0; i < 100; i++) {
      assertThat(get(listener, "/zero").body()).isEqualTo("v2");
    }
    assertThat(get(listener, "/none").body()).as("the parent itself").isEqualTo("v1");
  }

  @Test
  void changesHeadersForOneBackendOnly() throws Exception {
    RouteFilter add =
        new RouteFilter.RequestHeaders(
            Map.of("x-version", "two"), Map.of("x-list", "b"), List.of());
    RouteFilter answer =
        new RouteFilter.ResponseHeaders(Map.of("x-from", "two"), Map.of(), List.of());
    HostPort listener =
        web.calls(
            destination(
                BackendSettings.DEFAULT,
                rule("/one", List.of(), to(V1, 1)),
                rule("/", List.of(), new WeightedBackend(V2, 1, true, List.of(add, answer)))));
    AtomicReference<String> seen = new AtomicReference<>();
    TestApplication.Behaviour tell =
        exchange -> {
          seen.set(
              exchange.getRequestHeaders().getFirst("x-version")
                  + " "
                  + exchange.getRequestHeaders().get("x-list"));
          TestApplication.status(200).answer(exchange);
        };
    one.behave(tell);
    two.behave(tell);

    assertThat(get(listener, "/", "x-list", "a").headers().firstValue("x-from")).contains("two");
    assertThat(seen.get()).isEqualTo("two [a,b]");
    assertThat(get(listener, "/one", "x-list", "a").headers().firstValue("x-from")).isEmpty();
    assertThat(seen.get()).isEqualTo("null [a]");
  }

  @Test
  void copiesRequestsWithTheirBodiesAndDropsTheAnswers() throws Exception {
    HostPort listener =
        web.calls(
            destination(
                BackendSettings.DEFAULT,
                rule("/", List.of(new RouteFilter.Mirror(V2, true, 1, 1)), to(V1, 1))));
    two.remember();
    byte[] body = new byte[100_000];
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(URI.create("http://" + listener + "/items"))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());

    assertThat(answer.body()).isEqualTo("v1");
    Eventually.holds(() -> two.seen.size() == 1);
    assertThat(two.seen.getFirst().path()).isEqualTo("/items");
    assertThat(two.seen.getFirst().body()).isEqualTo(body);
    Eventually.holds(() -> web.count("mirror_total", "answered") == 1);

    two.behave(exchange -> {
      throw new IOException("the mirror fails");
    });
    assertThat(get(listener, "/").body()).isEqualTo("v1");
    Eventually.holds(() -> web.count("mirror_total", "answered") == 2);
    assertThat(web.count("response_total", "direction=\"outbound\"")).isEqualTo(2);
  }

  @Test
  void refusesWithinTwentyMillisecondsWhatIsBeyondTheLimit() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    one.behave(exchange -> {
      await(release);
      TestApplication.status(200).answer(exchange);
    });
    BackendSettings limited =
        new BackendSettings(
            BackendSettings.Balancer.DEFAULT,
            BackendSettings.Ejection.DEFAULT,
            new BackendSettings.Limits(3, false, 1024, 1024),
            Duration.ofSeconds(1));
    HostPort listener = web.calls(destination(limited, rule("/", List.of(), to(V1, 1))));
    List<CompletableFuture<HttpResponse<String>>> held = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      held.add(
          client.sendAsync(
              HttpRequest.newBuilder(URI.create("http://" + listener + "/")).build(),
              HttpResponse.BodyHandlers.ofString()));
    }
    Eventually.holds(() -> one.requests.get() == 3);
    get(listener, "/"); // Its connection is there before the clock runs.

    long best = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      long start = TICKER.nanoTime();
      HttpResponse<String> refused = get(listener, "/");
      best = Math.min(best, TICKER.nanoTime() - start);
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("x-mesh-error")).contains("overloaded");
    }
    assertThat(best).isLessThan(TimeUnit.MILLISECONDS.toNanos(20));
    assertThat(web.count("limit_reached_total", "inFlight")).isEqualTo(6);
    assertThat(web.admin("/config")).contains("\"limit\": 3").contains("\"inFlight\": 3");
    release.countDown();
    for (CompletableFuture<HttpResponse<String>> each : held) {
      assertThat(each.get(5, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
    assertThat(get(listener, "/").statusCode()).isEqualTo(200);
  }

  @Test
  @Acceptance(80)
  void triesAgainWithBodiesUpToTheLimitToTheByte() throws Exception {
    RetrySettings retry =
        new RetrySettings(
            1,
            List.of(RetryCondition.parse("503")),
            true,
            Duration.ofMillis(1),
            Duration.ofMillis(1),
            64 * 1024,
            RetrySettings.Budget.DEFAULT);
    RouteRule rule = rule("/", List.of(), to(V1, 1));
    HostPort listener =
        web.calls(
            destination(
                BackendSettings.DEFAULT,
                new RouteRule(
                    rule.name(),
                    List.of(),
                    rule.match(),
                    List.of(),
                    rule.backends(),
                    Timeouts.NONE,
                    Optional.of(retry))));
    for (int size : List.of(64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1)) {
      byte[] body = new byte[size];
      new Random(size).nextBytes(body);
      List<byte[]> seen = new ArrayList<>();
      one.behave(exchange -> {
        seen.add(exchange.getRequestBody().readAllBytes());
        exchange.sendResponseHeaders(seen.size() == 1 ? 503 : 200, -1);
        exchange.close();
      });
      int status =
          client
              .send(
                  HttpRequest.newBuilder(URI.create("http://" + listener + "/"))
                      .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .statusCode();
      boolean again = size <= 64 * 1024;
      assertThat(status).as("%s bytes", size).isEqualTo(again ? 200 : 503);
      assertThat(seen).hasSize(again ? 2 : 1).allSatisfy(b -> assertThat(b).isEqualTo(body));
    }
  }

  @Test
  void dividesOpaqueConnectionsByWeight() throws Exception {
    try (Greeter v1 = new Greeter("1");
        Greeter v2 = new Greeter("2")) {
      HostPort listener =
          web.calls(
              connections(
                  AppProtocol.OPAQUE,
                  Map.of(V1, v1, V2, v2),
                  new ConnectionRule(
                      "shop/tcp/0", false, List.of(), List.of(to(V1, 1), to(V2, 3)))));
      int second = 0;
      for (int i = 0; i < 100; i++) {
        second += greeting(listener).equals("2") ? 1 : 0;
      }
      assertThat(second).isBetween(58, 92);
    }
  }

  @Test
  void closesConnectionsThatNoBackendIsThereFor() throws Exception {
    try (Greeter v1 = new Greeter("1")) {
      HostPort listener =
          web.calls(
              connections(
                  AppProtocol.OPAQUE,
                  Map.of(V1, v1),
                  new ConnectionRule(
                      "shop/tcp/0",
                      false,
                      List.of(),
                      List.of(new WeightedBackend(GONE, 1, false)))));
      assertThat(greeting(listener)).isEmpty();
      assertThat(web.count("refused_total", "invalid-backend")).isEqualTo(1);
      assertThat(v1.accepted).isZero();
    }
  }

  @Test
  @Acceptance(129)
  void choosesTheBackendByTheServerNameOfTheClientHello() throws Exception {
    try (Greeter v1 = new Greeter("1");
        Greeter v2 = new Greeter("2")) {
      HostPort listener =
          web.calls(
              connections(
                  AppProtocol.TLS,
                  Map.of(V1, v1, V2, v2),
                  new ConnectionRule("shop/a/0", true, List.of("a.example"), List.of(to(V1, 1))),
                  new ConnectionRule(
                      "shop/b/0", true, List.of("*.b.example"), List.of(to(V2, 1)))));

      assertThat(hello(listener, "a.example")).isEqualTo("1");
      assertThat(hello(listener, "x.b.example")).isEqualTo("2");
      assertThat(hello(listener, "b.example")).as("a wildcard is no bare name").isEmpty();
      assertThat(hello(listener, "other.example")).isEmpty();
      assertThat(web.count("refused_total", "no-route")).isEqualTo(2);
    }
  }

  private Destination destination(BackendSettings settings, RouteRule... rules) {
    return new Destination(
        CART,
        AppProtocol.HTTP,
        List.of(rules),
        Map.of(
            CART, new Backend(CART, AppProtocol.HTTP, List.of(first.endpoint()), settings),
            V1, new Backend(V1, AppProtocol.HTTP, List.of(first.endpoint()), settings),
            V2, new Backend(V2, AppProtocol.HTTP, List.of(second.endpoint()), settings),
            EMPTY, new Backend(EMPTY, AppProtocol.HTTP, List.of(), settings)));
  }

  private Destination connections(
      AppProtocol protocol, Map<ServicePort, Greeter> greeters, ConnectionRule... rules) {
    Map<ServicePort, Backend> backends = new HashMap<>();
    greeters.forEach((id, greeter) ->
        backends.put(
            id, new Backend(id, protocol, List.of(greeter.endpoint()), BackendSettings.DEFAULT)));
    return new Destination(CART, protocol, List.of(), backends, List.of(rules));
  }

  private static RouteRule rule(String prefix, List<RouteFilter> filters, WeightedBackend... to) {
    return new RouteRule(
        "shop/cart" + prefix,
        List.of(),
        new HttpMatch(new HttpMatch.PathMatch.Prefix(prefix), "", List.of(), List.of()),
        filters,
        List.of(to),
        Timeouts.NONE,
        Optional.empty());
  }

  private static WeightedBackend to(ServicePort backend, int weight) {
    return new WeightedBackend(backend, weight, true);
  }

  private static TestApplication named(String name) {
    TestApplication application = new TestApplication();
    application.behave(exchange -> {
      exchange.getRequestBody().readAllBytes();
      byte[] body = name.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    return application;
  }

  private HttpResponse<String> get(HostPort listener, String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + listener + path))
            .timeout(Duration.ofSeconds(10));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(10, TimeUnit.SECONDS)) {
        throw new IOException("not released");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /**
   * Empty when the connection is refused, which may be told before the caller knows that it is
   * made.
   */
  private static String greeting(HostPort listener) throws IOException {
    try (Socket socket = new Socket()) {
      try {
        socket.connect(new InetSocketAddress(listener.host(), listener.port()), 5000);
      } catch (SocketException reset) {
        return "";
      }
      socket.setSoTimeout(5000);
      return read(socket.getInputStream());
    }
  }

  /** What is answered to a ClientHello for a name; the handshake need not succeed. */
  private static String hello(HostPort listener, String name) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(listener.host(), listener.port()), 5000);
      socket.setSoTimeout(5000);
      StringBuilder first = new StringBuilder();
      Socket recording =
          new Socket() {
            @Override
            public InputStream getInputStream() throws IOException {
              InputStream in = socket.getInputStream();
              return new InputStream() {
                @Override
                public int read() throws IOException {
                  int b = in.read();
                  if (b >= 0) {
                    first.append((char) b);
                  }
                  return b;
                }
              };
            }

            @Override
            public OutputStream getOutputStream() throws IOException {
              return socket.getOutputStream();
            }

            @Override
            public boolean isConnected() {
              return true;
            }
          };
      SSLSocket tls =
          (SSLSocket)
              ((SSLSocketFactory) SSLSocketFactory.getDefault())
                  .createSocket(recording, name, 443, true);
      SSLParameters parameters = tls.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(name)));
      tls.setSSLParameters(parameters);
      try {
        tls.startHandshake();
      } catch (IOException e) {
        // The greeter speaks no TLS: what it sent is all that counts.
      }
      return first.isEmpty() ? "" : first.substring(0, 1);
    }
  }

  private static String read(InputStream in) throws IOException {
    try {
      int b = in.read();
      return b < 0 ? "" : String.valueOf((char) b);
    } catch (SocketException e) {
      return "";
    }
  }

  /** Accepts connections, says one character and closes; without a sidecar. */
  private static final class Greeter implements AutoCloseable {

    private final ServerSocket server;
    private final String greeting;
    volatile int accepted;

    Greeter(String greeting) throws IOException {
      this.greeting = greeting;
      server = new ServerSocket();
      server.bind(new InetSocketAddress(TestMesh.address(), 0));
      Thread.ofVirtual().start(this::run);
    }

    private void run() {
      try {
        while (true) {
          try (Socket socket = server.accept()) {
            accepted++;
            socket.getOutputStream().write(greeting.getBytes(StandardCharsets.UTF_8));
            socket.shutdownOutput();
            // Until the other side has ended as well: a reset could take the greeting away.
            socket.setSoTimeout(2000);
            socket.getInputStream().readAllBytes();
          } catch (SocketTimeoutException e) {
            // It has had its greeting.
          }
        }
      } catch (IOException e) {
        // Closed.
      }
    }

    EndpointSpec endpoint() {
      HostPort address =
          new HostPort(server.getInetAddress().getHostAddress(), server.getLocalPort());
      return new EndpointSpec(address, address, Optional.empty(), "", 1, true, "shop/greeter", 0);
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }
}
