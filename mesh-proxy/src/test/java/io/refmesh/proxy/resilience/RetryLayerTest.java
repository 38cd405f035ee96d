package io.refmesh.proxy.resilience;

import static io.refmesh.proxy.scripted.Destinations.nonIdempotent;
import static io.refmesh.proxy.scripted.Destinations.retry;
import static io.refmesh.proxy.scripted.ScriptedService.echo;
import static io.refmesh.proxy.scripted.ScriptedService.fails;
import static io.refmesh.proxy.scripted.ScriptedService.hangs;
import static io.refmesh.proxy.scripted.ScriptedService.status;
import static io.refmesh.proxy.scripted.ScriptedService.streams;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.scripted.CollectingSink;
import io.refmesh.proxy.scripted.Destinations;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedService;
import io.refmesh.proxy.scripted.TestBody;
import io.refmesh.proxy.scripted.TestLoop;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.testkit.acceptance.Acceptance;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RetryLayerTest {

  private static final int LIMIT = RetrySettings.BODY_LIMIT_BYTES;

  private final TestLoop loop = new TestLoop();
  private final RecordingReply reply = new RecordingReply();

  @Test
  void retriesA5xxAndGivesTheAnswerOfTheSecondTry() {
    ScriptedService service = new ScriptedService(status(503), status(200));

    run(retry(1, "5xx"), service, loop.get("/"));

    assertThat(reply.status()).isEqualTo(200);
    assertThat(service.calls).hasSize(2);
    assertThat(retried("5xx")).isZero();
    assertThat(retried("500-599")).isEqualTo(1);
  }

  @Test
  @Acceptance(78)
  void givesTheLastFailureWhenAllTriesFail() {
    ScriptedService service = new ScriptedService(status(500), status(500), status(504));

    run(retry(2, "5xx"), service, loop.get("/"));

    assertThat(reply.status()).isEqualTo(504);
    assertThat(service.calls).hasSize(3);
    assertThat(skipped("attempts")).isEqualTo(1);
  }

  @Test
  void leavesAnAnswerAloneThatNoConditionNames() {
    ScriptedService service = new ScriptedService(status(404));

    run(retry(2, "5xx", "reset"), service, loop.get("/"));

    assertThat(reply.status()).isEqualTo(404);
    assertThat(service.calls).hasSize(1);
  }

  @Test
  @Acceptance(90)
  void retriesOnceWhenTheFirstTryIsReset() {
    ScriptedService service =
        new ScriptedService(fails(MeshError.UPSTREAM_RESET, Progress.SENT), status(200));

    run(retry(1, "reset"), service, loop.get("/"));

    assertThat(reply.status()).isEqualTo(200);
  }

  @Test
  void meetsAStatusConditionByTheStatusThatAFailureWouldBecome() {
    ScriptedService service =
        new ScriptedService(fails(MeshError.CONNECT_FAILED, Progress.NOT_SENT), status(200));

    run(retry(1, "gateway-error"), service, loop.get("/"));

    assertThat(reply.status()).isEqualTo(200);
  }

  @Test
  @Acceptance(86)
  void doesNotRetryWhatNoEndpointCaused() {
    ScriptedService service = new ScriptedService(fails(MeshError.NO_ENDPOINTS, Progress.NOT_SENT));

    run(retry(3, "5xx", "connect-failure"), service, loop.get("/"));

    assertThat(reply.error()).isEqualTo(MeshError.NO_ENDPOINTS);
    assertThat(service.calls).hasSize(1);
  }

  @Test
  void neverSendsAPostAgainThatMayHaveBeenSeen() {
    ScriptedService reset = new ScriptedService(fails(MeshError.UPSTREAM_RESET, Progress.SENT));
    run(retry(2, "reset", "5xx"), reset, loop.request("POST", "/"));
    assertThat(reply.error()).isEqualTo(MeshError.UPSTREAM_RESET);
    assertThat(reset.calls).hasSize(1);
    assertThat(skipped("non-idempotent")).isEqualTo(1);
  }

  @Test
  void doesNotRetryAPostOnItsStatus() {
    ScriptedService service = new ScriptedService(status(503));

    run(retry(2, "5xx"), service, loop.request("POST", "/"));

    assertThat(reply.status()).isEqualTo(503);
    assertThat(skipped("non-idempotent")).isEqualTo(1);
  }

  @Test
  @Acceptance(86)
  void sendsAPostAgainThatNoServerCanHaveSeen() {
    ScriptedService service =
        new ScriptedService(
            fails(MeshError.CONNECT_FAILED, Progress.NOT_SENT),
            fails(MeshError.UPSTREAM_RESET, Progress.REFUSED),
            status(201));

    run(retry(2, "connect-failure", "refused-stream"), service, loop.request("POST", "/"));

    assertThat(reply.status()).isEqualTo(201);
    assertThat(service.calls).hasSize(3);
  }

  @Test
  void sendsAPostAgainWhenThePolicySaysSo() {
    ScriptedService service = new ScriptedService(status(503), status(201));

    run(nonIdempotent(retry(1, "503")), service, loop.request("POST", "/"));

    assertThat(reply.status()).isEqualTo(201);
  }

  @Test
  @Acceptance(84)
  void retriesGrpcByTheStatusInTheHead() {
    ScriptedService service =
        new ScriptedService(status(200, "grpc-status", "14"), status(200, "grpc-status", "0"));

    run(nonIdempotent(retry(1, "grpc:unavailable")), service, loop.grpc("/cart.Cart/Add"));

    assertThat(service.calls).hasSize(2);
    assertThat(reply.outcome).isEqualTo(new Outcome.Answered(200, 0));
  }

  @Test
  @Acceptance(84)
  void retriesGrpcByTheStatusInTrailersThatComeBeforeAnyByte() {
    TestBody failing = new TestBody();
    TestBody fine = new TestBody();
    ScriptedService service =
        new ScriptedService(streams(200, failing.pipe), streams(200, fine.pipe));
    begin(service);
    assertThat(reply.status()).isEqualTo(-1);

    failing.pipe.end(new DefaultHttp2Headers(false).set("grpc-status", "14"));
    loop.advance(Duration.ofSeconds(1));
    assertThat(service.calls).hasSize(2);
    assertThat(reply.status()).isEqualTo(-1);
    fine.pipe.end(new DefaultHttp2Headers(false).set("grpc-status", "0"));

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.body().trailers).isNotNull();
    assertThat(reply.body().trailers.get("grpc-status")).hasToString("0");
  }

  @Test
  @Acceptance(84)
  void doesNotRetryGrpcThatIsFineInItsTrailers() {
    TestBody fine = new TestBody();
    ScriptedService service = new ScriptedService(streams(200, fine.pipe));
    begin(service);
    fine.pipe.end(new DefaultHttp2Headers(false).set("grpc-status", "0"));
    assertThat(reply.body().ended).isTrue();
  }

  @Test
  void doesNotRetryGrpcThatHasSentAByte() {
    TestBody late = new TestBody();
    ScriptedService service = new ScriptedService(streams(200, late.pipe));
    begin(service);
    late.send("a message");
    assertThat(reply.status()).isEqualTo(200);
    late.pipe.end(new DefaultHttp2Headers(false).set("grpc-status", "14"));
    loop.advance(Duration.ofSeconds(1));
    assertThat(service.calls).hasSize(1);
    assertThat(reply.body().text()).isEqualTo("a message");
    assertThat(late.credit).isEqualTo(late.sent);
  }

  @Test
  void doesNotKeepTheHeadBackFromACallerThatStillSends() {
    TestBody request = new TestBody();
    Exchange exchange = loop.post("/cart.Cart/Add", request.pipe);
    exchange.request().headers().set("content-type", "application/grpc");
    layer(nonIdempotent(retry(1, "grpc:unavailable")))
        .wrap(new ScriptedService(streams(200, new TestBody().pipe)))
        .handle(exchange, reply);
    assertThat(reply.status()).isEqualTo(200);
  }

  @Test
  void tellsTheErrorOfAGrpcResponseThatIsCutBeforeAnyByte() {
    TestBody cut = new TestBody();
    ScriptedService service = new ScriptedService(streams(200, cut.pipe));
    begin(service);
    Outcome.Failed why =
        new Outcome.Failed(MeshError.UPSTREAM_RESET, "cut", Outcome.Progress.HEAD_RECEIVED);
    cut.pipe.fail(why);
    service.calls.getFirst().reply().done(why);
    assertThat(reply.status()).isEqualTo(-1);
    assertThat(reply.outcome).isEqualTo(why);
  }

  private void begin(ScriptedService service) {
    layer(nonIdempotent(retry(1, "grpc:unavailable")))
        .wrap(service)
        .handle(loop.grpc("/cart.Cart/Add"), reply);
  }

  @Test
  void waitsWithFullJitterBetweenTries() {
    ScriptedService service =
        new ScriptedService(status(503), status(503), status(503), status(503), status(200));

    run(retry(4, "503"), service, loop.get("/"));

    for (int retry = 1; retry <= 4; retry++) {
      Duration pause =
          Duration.ofNanos(
              service.calls.get(retry).atNanos() - service.calls.get(retry - 1).atNanos());
      assertThat(pause)
          .isBetween(Duration.ZERO, Duration.ofMillis(Math.min(250, 25L << (retry - 1))));
    }
  }

  @Test
  @Acceptance(82)
  void returnsTheFirstFailureWhenTheBudgetIsSpent() {
    RetrySettings settings = retry(2, "5xx");
    RetryBudget budget =
        new RetryBudget(new RetrySettings.Budget(20, 0, Duration.ofSeconds(10)), loop.ticker);
    ScriptedService service = ScriptedService.always(status(503, "x-from", "application"));
    HttpService layer = layer(settings, budget).wrap(service);

    for (int i = 0; i < 100; i++) {
      RecordingReply each = new RecordingReply();
      layer.handle(loop.get("/"), each);
      loop.advanceMillis(0);
      loop.advance(Duration.ofMillis(60));
      assertThat(each.status()).isEqualTo(503);
      assertThat(each.answer().headers().get("x-from")).isEqualTo("application");
    }

    assertThat(service.calls.size()).isBetween(118, 120);
    assertThat(skipped("budget")).isPositive();
  }

  @Test
  void neverRetriesOnceTheHeadWasHandedOn() {
    TestBody body = new TestBody();
    ScriptedService service =
        new ScriptedService((exchange, to) -> {
          to.head(new ResponseHead(200, new DefaultHttp2Headers(false), body.pipe, false));
          body.send("half");
          Outcome.Failed cut =
              new Outcome.Failed(MeshError.UPSTREAM_RESET, "cut", Progress.HEAD_RECEIVED);
          body.pipe.fail(cut);
          to.done(cut);
        });

    run(retry(2, "5xx", "reset"), service, loop.get("/"));

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.body().text()).isEqualTo("half");
    assertThat(reply.body().failure).isNotNull();
    assertThat(reply.error()).isEqualTo(MeshError.UPSTREAM_RESET);
    assertThat(service.calls).hasSize(1);
  }

  @Test
  void readsAndDropsTheBodyOfAnAnswerThatIsRetried() {
    TestBody discarded = new TestBody();
    ScriptedService service = new ScriptedService(streams(503, discarded.pipe), status(200));

    layer(retry(1, "503")).wrap(service).handle(loop.get("/"), reply);
    discarded.send("sorry");
    assertThat(discarded.credit).isEqualTo(5);
    assertThat(discarded.held()).isZero();
    loop.advanceMillis(30);

    assertThat(reply.status()).isEqualTo(200);
    assertThat(discarded.abandoned).as("a body that does not end is given up").isTrue();
  }

  @Test
  @Acceptance(90)
  void prefersAnotherEndpointThanTheOneThatFailed() {
    ScriptedService service =
        new ScriptedService(
            (exchange, to) -> {
              exchange.endpoint(Destinations.endpoint(3));
              status(503).play(exchange, to);
            },
            status(200));

    run(retry(1, "503"), service, loop.get("/"));

    assertThat(service.calls.get(1).avoid()).isEqualTo(Destinations.endpoint(3));
  }

  @Test
  void doesNotStartATryThatTheDeadlineWouldEnd() {
    ScriptedService service = ScriptedService.always(status(503));
    Exchange exchange = loop.get("/");
    exchange.deadlineNanos(loop.nanos());

    run(retry(2, "503"), service, exchange);

    assertThat(reply.status()).isEqualTo(503);
    assertThat(service.calls).hasSize(1);
  }

  @Test
  void endsAtOnceWhenTheExchangeIsCancelledDuringTheBackOff() {
    ScriptedService service = new ScriptedService(status(503));
    Exchange exchange = loop.get("/");
    layer(retry(1, "503")).wrap(service).handle(exchange, reply);

    exchange.cancel(new Outcome.CallerGone(Progress.SENT));
    loop.advanceMillis(500);

    assertThat(reply.outcome).isEqualTo(new Outcome.CallerGone(Progress.SENT));
    assertThat(service.calls).hasSize(1);
  }

  @Test
  void doesNotRetryWhatTheDeadlineEnded() {
    ScriptedService service = new ScriptedService(hangs());
    Exchange exchange = loop.get("/");
    layer(retry(1, "5xx", "per-try-timeout")).wrap(service).handle(exchange, reply);

    exchange.cancel(new Outcome.Failed(MeshError.REQUEST_TIMEOUT, "late", Progress.SENT));
    loop.advanceMillis(500);

    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
  }

  @Test
  @Acceptance(80)
  void replaysABodyOfExactlyTheLimit() {
    String body = "x".repeat(LIMIT);
    ScriptedService service = new ScriptedService(echo(503), echo(200));

    run(nonIdempotent(retry(1, "503")), service, loop.post("/", TestBody.of(body)));

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.body().text()).isEqualTo(body);
  }

  @Test
  @Acceptance(80)
  void doesNotReplayABodyOverTheLimit() {
    ScriptedService service = new ScriptedService(echo(503));

    run(
        nonIdempotent(retry(1, "503")),
        service,
        loop.post("/", TestBody.of("x".repeat(LIMIT + 1))));

    assertThat(reply.status()).isEqualTo(503);
    assertThat(reply.body().text()).hasSize(LIMIT + 1);
    assertThat(skipped("body")).isEqualTo(1);
  }

  @Test
  void doesNotKeepABodyThatIsAnnouncedOverTheLimit() {
    ScriptedService service = new ScriptedService(echo(503));
    TestBody body = new TestBody();
    Exchange exchange = loop.post("/", body.pipe);
    exchange.request().headers().set("content-length", Integer.toString(LIMIT + 1));

    run(nonIdempotent(retry(1, "503")), service, exchange);

    assertThat(exchange.body()).isSameAs(body.pipe);
    assertThat(skipped("body")).isEqualTo(1);
  }

  @Test
  void goesOnWithABodyThatIsStillBeingSent() {
    TestBody body = new TestBody();
    CollectingSink[] sinks = new CollectingSink[2];
    ScriptedService service =
        new ScriptedService(
            (exchange, to) -> {
              sinks[0] = CollectingSink.on(exchange.body());
              status(503).play(exchange, to);
            },
            (exchange, to) -> {
              sinks[1] = CollectingSink.on(exchange.body());
              exchange.hold(to::done);
            });
    body.send("first,");
    layer(nonIdempotent(retry(1, "503"))).wrap(service).handle(loop.post("/", body.pipe), reply);
    body.send("between,");
    loop.advanceMillis(30);
    body.send("last");
    body.pipe.end(null);

    assertThat(sinks[0].text()).isEqualTo("first,");
    assertThat(sinks[0].failure).isNotNull();
    assertThat(sinks[1].text()).isEqualTo("first,between,last");
    assertThat(sinks[1].ended).isTrue();
    assertThat(body.credit).isEqualTo(body.sent);
    assertThat(body.held()).isZero();
  }

  @Test
  void passesOneContinueOn() {
    ScriptedService.Step continues =
        (exchange, to) ->
            to.head(new ResponseHead(100, new DefaultHttp2Headers(false), null, false));
    ScriptedService service =
        new ScriptedService(
            (exchange, to) -> {
              continues.play(exchange, to);
              status(503).play(exchange, to);
            },
            (exchange, to) -> {
              continues.play(exchange, to);
              status(200).play(exchange, to);
            });

    run(retry(1, "503"), service, loop.get("/"));

    assertThat(reply.informational).hasSize(1);
    assertThat(reply.status()).isEqualTo(200);
  }

  private void run(RetrySettings settings, ScriptedService service, Exchange exchange) {
    layer(settings).wrap(service).handle(exchange, reply);
    loop.advance(Duration.ofSeconds(2));
    assertThat(reply.isDone()).isTrue();
  }

  private RetryLayer layer(RetrySettings settings) {
    return layer(settings, new RetryBudget(settings.budget(), loop.ticker));
  }

  private RetryLayer layer(RetrySettings settings, RetryBudget budget) {
    return new RetryLayer(
        settings,
        budget,
        loop.ticker,
        loop.random,
        new RouteMeters(loop.metrics, Destinations.CART, "default"));
  }

  private long retried(String reason) {
    return count(ProxyMetric.RETRY_TOTAL, reason);
  }

  private long skipped(String reason) {
    return count(ProxyMetric.RETRY_SKIPPED_TOTAL, reason);
  }

  private long count(ProxyMetric metric, String reason) {
    return loop.metrics.counter(metric, "shop", "cart", "8080", "default", reason).value();
  }
}
