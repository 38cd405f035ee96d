package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Faults;
import io.refmesh.model.policy.Faults.Effect;
import io.refmesh.model.policy.Faults.Fault;
import io.refmesh.model.policy.RateLimit;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.RouteRule;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What limits and breaks requests, seen by real clients through a pair of sidecars. */
class PoliciesThroughSidecarsTest {

  private final TestMesh mesh = new TestMesh();
  private final TestApplication application = new TestApplication();
  private final TestMesh.Sidecar cart = mesh.of("cart", application.address(), AppProtocol.HTTP);
  private final TestMesh.Sidecar web = mesh.caller("web").start();
  private final TestMesh.Sidecar batch = mesh.caller("batch").start();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @AfterEach
  void close() {
    client.close();
    mesh.close();
    application.close();
  }

  @Test
  void refusesWhatIsTooManyAndSaysWhenToComeAgain() throws Exception {
    cart.limit(
            new RateLimit(
                Optional.empty(), Optional.of(new RateLimit.Rate("shop/cart", 1, 2)), List.of()))
        .start();
    HostPort listener = web.calls(toCart());

    assertThat(get(listener).statusCode()).isEqualTo(200);
    assertThat(get(listener).statusCode()).isEqualTo(200);
    HttpResponse<String> refused = get(listener);

    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.headers().firstValue("retry-after")).contains("1");
    assertThat(refused.headers().firstValue("x-mesh-error")).contains("rate-limited");
    assertThat(refused.body())
        .contains(
            "policy shop/cart: 1 requests per second for spiffe://cluster.local/ns/shop/sa/web");
    assertThat(application.requests).hasValue(2);
    assertThat(cart.count("rate_limited_total", "policy=\"shop/cart\"", "limit=\"identity\""))
        .isEqualTo(1);
    assertThat(cart.count("response_total", "status_code=\"429\"", "error=\"rate-limited\""))
        .isEqualTo(1);
    assertThat(web.count("response_total", "status_code=\"429\"", "error=\"rate-limited\""))
        .isEqualTo(1);
    assertThat(cart.admin("/config")).contains("\"perIdentity\"").contains("\"shop/cart\"");

    assertThat(get(batch.calls(toCart())).statusCode()).as("another identity").isEqualTo(200);
  }

  @Test
  void retriesWhatIsAbortedInTheSidecarOfTheCaller() throws Exception {
    cart.start();
    HostPort listener =
        web.calls(
            toCart(
                Timeouts.NONE,
                retry(3, "5xx"),
                faults(100, Duration.ofMinutes(1), fault(50, new Effect.AbortHttp(503)))));

    for (int i = 0; i < 60; i++) {
      get(listener);
    }
    long aborted = web.count("faults_injected_total", "kind=\"abort\"", "direction=\"outbound\"");
    assertThat(aborted).as("of about 120 tries a half").isBetween(25L, 100L);
    assertThat(web.count("retry_total")).isBetween(aborted - 15, aborted);
    assertThat(application.requests.get()).as("answers of the application").isGreaterThan(45);
  }

  @Test
  void tellsWhoAbortedWhatNoRetryMends() throws Exception {
    cart.start();
    HostPort listener =
        web.calls(
            toCart(
                Timeouts.NONE,
                null,
                faults(100, Duration.ofMinutes(1), fault(100, new Effect.AbortHttp(503)))));

    HttpResponse<String> answer = get(listener);

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("x-mesh-error")).contains("fault-injected");
    assertThat(application.requests).hasValue(0);
    assertThat(web.count("response_total", "status_code=\"503\"", "error=\"fault-injected\""))
        .isEqualTo(1);
  }

  @Test
  void cutsADelayByTheTimeoutOfATryAndTriesAgain() throws Exception {
    cart.start();
    HostPort listener =
        web.calls(
            toCart(
                new Timeouts(Duration.ZERO, Duration.ofMillis(100), Duration.ZERO),
                retry(1, "per-try-timeout"),
                faults(1, Duration.ofMinutes(1), delay(Duration.ofSeconds(30)))));

    long begun = System.nanoTime();
    List<CompletableFuture<Integer>> answers =
        IntStream.range(0, 3).mapToObj(i -> getLater(listener)).toList();

    assertThat(answers.stream().map(CompletableFuture::join))
        .as("one at a time is delayed, twice at most")
        .contains(200);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
    assertThat(web.count("timeout_total", "kind=\"try\"")).isPositive();
    assertThat(web.count("faults_skipped_total", "policy=\"shop/broken\""))
        .as("maxActive")
        .isPositive();
    assertThat(web.count("faults_active")).isZero();
  }

  @Test
  void endsTheFaultOnTimeWithoutBeingTold() throws Exception {
    cart.inject(faults(10, Duration.ofSeconds(2), fault(100, new Effect.AbortHttp(503)))).start();
    HostPort listener = web.calls(toCart(Timeouts.NONE, null, null));
    long begun = System.nanoTime();

    assertThat(get(listener).statusCode()).isEqualTo(503);
    Eventually.holds(() -> getLater(listener).join() == 200);

    assertThat(Duration.ofNanos(System.nanoTime() - begun))
        .isBetween(Duration.ofMillis(1_000), Duration.ofMillis(3_000));
    assertThat(cart.count("faults_injected_total", "direction=\"inbound\"", "kind=\"abort\""))
        .isPositive();
  }

  @Test
  void resetsTheConnectionOfTheCallerAndTheStreamBetweenSidecars() {
    cart.inject(faults(10, Duration.ofMinutes(1), fault(100, new Effect.Reset()))).start();
    assertThat(getLater(web.calls(toCart(Timeouts.NONE, null, null))).join())
        .as("what a caller is told of a stream that the other side reset")
        .isEqualTo(502);
    assertThat(web.count("response_total", "error=\"upstream-reset\"")).isEqualTo(1);

    HostPort listener =
        web.calls(
            toCart(
                Timeouts.NONE,
                null,
                faults(10, Duration.ofMinutes(1), fault(100, new Effect.Reset()))));
    assertThatThrownBy(() -> get(listener)).isInstanceOf(IOException.class);
    assertThat(application.requests).hasValue(0);
  }

  @Test
  void cutsTheBodySoThatNobodyTakesItForAWholeOne() throws Exception {
    byte[] body = new byte[100_000];
    application.behave(exchange -> {
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    cart.inject(faults(10, Duration.ofMinutes(1), fault(100, new Effect.Truncate(1_000)))).start();
    HostPort listener = web.calls(toCart(Timeouts.NONE, null, null));

    HttpResponse<InputStream> answer =
        client.send(
            HttpRequest.newBuilder(URI.create("http://" + listener + "/")).build(),
            HttpResponse.BodyHandlers.ofInputStream());

    assertThat(answer.statusCode()).isEqualTo(200);
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    assertThatThrownBy(() -> answer.body().transferTo(received)).isInstanceOf(IOException.class);
    assertThat(received.size()).isEqualTo(1_000);
    assertThat(cart.count("faults_injected_total", "kind=\"truncate\"")).isEqualTo(1);
  }

  private io.refmesh.model.discovery.Destination toCart() {
    return toCart(Timeouts.NONE, null, null);
  }

  private io.refmesh.model.discovery.Destination toCart(
      Timeouts timeouts, @Nullable RetrySettings retry, @Nullable Faults faults) {
    var plain =
        TestMesh.destination(
            cart.service(), AppProtocol.HTTP, timeouts, retry, List.of(cart.endpoint()));
    RouteRule rule = plain.rules().getFirst();
    return new io.refmesh.model.discovery.Destination(
        plain.id(),
        plain.protocol(),
        List.of(
            new RouteRule(
                rule.name(),
                rule.hostnames(),
                rule.match(),
                rule.filters(),
                rule.backends(),
                rule.timeouts(),
                rule.retry(),
                Optional.ofNullable(faults))),
        plain.backends());
  }

  private static Faults faults(int maxActive, Duration lasts, Fault fault) {
    return new Faults("shop/broken", maxActive, Instant.now().plus(lasts), lasts, List.of(fault));
  }

  private static Fault fault(int percent, Effect effect) {
    return new Fault(percent, List.of(), Optional.empty(), Optional.of(effect));
  }

  private static Fault delay(Duration fixed) {
    return new Fault(
        100, List.of(), Optional.of(new Faults.Delay(fixed, Duration.ZERO)), Optional.empty());
  }

  private static RetrySettings retry(int attempts, String on) {
    return new RetrySettings(
        attempts,
        List.of(RetryCondition.parse(on)),
        false,
        Duration.ofMillis(1),
        Duration.ofMillis(2),
        RetrySettings.BODY_LIMIT_BYTES,
        new RetrySettings.Budget(100, 1_000, Duration.ofSeconds(10)));
  }

  private CompletableFuture<Integer> getLater(HostPort listener) {
    return client
        .sendAsync(
            HttpRequest.newBuilder(URI.create("http://" + listener + "/")).build(),
            HttpResponse.BodyHandlers.discarding())
        .thenApply(HttpResponse::statusCode);
  }

  private HttpResponse<String> get(HostPort listener) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://" + listener + "/")).build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
