package io.refmesh.proxy.resilience;

import static io.refmesh.proxy.scripted.Destinations.CART;
import static io.refmesh.proxy.scripted.Destinations.retry;
import static io.refmesh.proxy.scripted.Destinations.timeouts;
import static io.refmesh.proxy.scripted.ScriptedService.status;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.Faults;
import io.refmesh.model.policy.Faults.Delay;
import io.refmesh.model.policy.Faults.Effect;
import io.refmesh.model.policy.Faults.Fault;
import io.refmesh.model.policy.Faults.Header;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedService;
import io.refmesh.proxy.scripted.TestBody;
import io.refmesh.proxy.scripted.TestLoop;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.testkit.acceptance.Acceptance;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FaultLayerTest {

  private final TestLoop loop = new TestLoop();
  private Instant now = loop.clock.instant();
  private final FaultSlots slots = new FaultSlots(loop.ticker, () -> now, loop.metrics);
  private final ScriptedService server = ScriptedService.always(status(200));
  private final RecordingReply reply = new RecordingReply();
  private Runnable whole = () -> {};

  @Test
  void answersInPlaceOfTheServer() {
    inject(abort(503)).handle(loop.get("/"), reply);

    assertThat(reply.status()).isEqualTo(503);
    assertThat(reply.answer().headers().get("x-mesh-error")).hasToString("fault-injected");
    assertThat(reply.outcome).isEqualTo(new Outcome.Answered(503, -1));
    assertThat(server.calls).isEmpty();
    assertThat(injected("abort")).isEqualTo(1);
  }

  @Test
  @Acceptance(45)
  void tellsGrpcTheStatusThatCorresponds() {
    Map.of(502, 14, 503, 14, 504, 4, 403, 7, 429, 8, 404, 5, 500, 13, 418, 2)
        .forEach((http, grpc) -> {
          RecordingReply each = new RecordingReply();
          inject(abort(http)).handle(loop.grpc("/shop.Cart/Get"), each);
          assertThat(each.status()).as("HTTP %d", http).isEqualTo(200);
          assertThat(each.answer().headers().get("grpc-status")).hasToString(grpc.toString());
          assertThat(each.answer().headers().get("content-type")).hasToString("application/grpc");
          assertThat(each.answer().endOfStream()).as("trailers-only").isTrue();
          assertThat(each.outcome).isEqualTo(new Outcome.Answered(200, grpc));
        });
  }

  @Test
  void abortsWithAGrpcStatusOnlyWhatIsGrpc() {
    HttpService service = inject(fault(100, new Effect.AbortGrpc(8)));
    service.handle(loop.get("/"), reply);
    assertThat(reply.status()).isEqualTo(200);
    assertThat(server.calls).hasSize(1);

    RecordingReply grpc = new RecordingReply();
    service.handle(loop.grpc("/"), grpc);
    assertThat(grpc.answer().headers().get("grpc-status")).hasToString("8");
  }

  @Test
  void tellsAStrangerNothingInTheSidecarOfTheCalled() {
    new FaultLayer(faults(10, abort(503)), FaultLayer.Side.SERVER, slots, loop.random, loop.metrics)
        .wrap(server)
        .handle(loop.get("/"), reply);
    assertThat(reply.status()).isEqualTo(503);
    assertThat(reply.answer().headers().get("x-mesh-error")).isNull();
  }

  @Test
  void delaysByTheFixedTimeAndSomeOfTheJitter() {
    for (int i = 0; i < 50; i++) {
      RecordingReply each = new RecordingReply();
      inject(delay(300, 100)).handle(loop.get("/"), each);
      loop.advanceMillis(299);
      assertThat(each.isDone()).as("after 299 ms").isFalse();
      loop.advanceMillis(102);
      assertThat(each.status()).as("after 401 ms").isEqualTo(200);
    }
    assertThat(injected("delay")).isEqualTo(50);
    assertThat(active()).isZero();
    long first = server.calls.getFirst().atNanos();
    assertThat(server.calls)
        .extracting(call -> (call.atNanos() - first) % TimeUnit.MILLISECONDS.toNanos(401))
        .as("not all the same")
        .hasSizeGreaterThan(40);
  }

  @Test
  void takesTheShareItIsToldAndNoOther() {
    HttpService service =
        inject(fault(20, new Effect.AbortHttp(500)), fault(5, new Effect.AbortHttp(503)));
    int[] counts = new int[600];
    for (int i = 0; i < 10_000; i++) {
      RecordingReply each = new RecordingReply();
      service.handle(loop.get("/"), each);
      counts[each.status()]++;
    }
    assertThat(counts[500]).isBetween(1900, 2100);
    assertThat(counts[503]).as("5 of 100, but for those aborted already").isBetween(340, 460);
    assertThat(counts[200]).isEqualTo(10_000 - counts[500] - counts[503]);
  }

  @Test
  void isTheSameAgainFromTheSameSeed() {
    assertThat(thousand(7)).isEqualTo(thousand(7)).isNotEqualTo(thousand(8));
  }

  @Test
  void leavesAloneWhatDoesNotMatch() {
    HttpService service =
        inject(
            new Fault(
                100,
                List.of(new Header("x-test", "1")),
                Optional.empty(),
                Optional.of(new Effect.AbortHttp(503))));
    for (String value : List.of("", "2", "11")) {
      Exchange exchange = loop.get("/");
      exchange.request().headers().set("x-test", value);
      RecordingReply each = new RecordingReply();
      service.handle(exchange, each);
      assertThat(each.status()).as("x-test: %s", value).isEqualTo(200);
    }
    Exchange exchange = loop.get("/");
    exchange.request().headers().set("x-test", "1");
    service.handle(exchange, reply);
    assertThat(reply.status()).isEqualTo(503);
  }

  @Test
  void hasNoMoreUnderAFaultThanAllowedAndCountsTheRest() {
    HttpService service = service(faults(2, delay(300, 0)));
    List<RecordingReply> replies = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      replies.add(new RecordingReply());
      service.handle(loop.get("/"), replies.getLast());
    }
    assertThat(replies).filteredOn(RecordingReply::isDone).hasSize(3);
    assertThat(active()).isEqualTo(2);
    assertThat(
            loop.metrics
                .counter(ProxyMetric.FAULTS_SKIPPED_TOTAL, "outbound", "shop/broken")
                .value())
        .isEqualTo(3);

    loop.advanceMillis(300);
    assertThat(replies).allMatch(RecordingReply::isDone);
    assertThat(active()).isZero();
    RecordingReply next = new RecordingReply();
    service.handle(loop.get("/"), next);
    assertThat(next.isDone()).as("under a fault again").isFalse();
  }

  @Test
  void endsOnTimeAlsoWithoutAControlPlane() {
    HttpService service = service(faults(10, abort(503)));
    advance(4_999);
    service.handle(loop.get("/"), reply);
    assertThat(reply.status()).isEqualTo(503);

    advance(1);
    RecordingReply after = new RecordingReply();
    service.handle(loop.get("/"), after);
    assertThat(after.status()).isEqualTo(200);
  }

  @Test
  void holdsNothingBackAfterTheEnd() {
    inject(delay(60_000, 0)).handle(loop.get("/"), reply);
    advance(4_999);
    assertThat(reply.isDone()).isFalse();
    advance(1);
    assertThat(reply.status()).isEqualTo(200);
  }

  @Test
  void doesNotLastLongerWhenTheClockIsSetBack() {
    HttpService service = service(faults(10, abort(503)));
    now = now.minus(Duration.ofHours(1));
    loop.advanceMillis(5_000);
    service.handle(loop.get("/"), reply);
    assertThat(reply.status()).isEqualTo(200);
  }

  @Test
  void doesNotLastLongerThanItMayWhenTheClockIsBehind() {
    Instant told = now.plusSeconds(3_600);
    HttpService service =
        service(new Faults("shop/broken", 10, told, Duration.ofSeconds(5), List.of(abort(503))));
    loop.advanceMillis(4_999);
    service.handle(loop.get("/"), reply);
    assertThat(reply.status()).isEqualTo(503);
    loop.advanceMillis(1);
    RecordingReply after = new RecordingReply();
    service.handle(loop.get("/"), after);
    assertThat(after.status()).isEqualTo(200);
  }

  @Test
  void givesTheSlotBackWhenTheCallerLeavesDuringTheDelay() {
    Exchange exchange = loop.get("/");
    inject(delay(300, 0)).handle(exchange, reply);
    exchange.cancel(new Outcome.CallerGone(Progress.SENT));
    assertThat(reply.outcome).isEqualTo(new Outcome.CallerGone(Progress.SENT));
    assertThat(active()).isZero();
    loop.advanceMillis(400);
    assertThat(server.calls).isEmpty();
  }

  @Test
  void isRetriedLikeARealFailure() {
    HttpService service =
        retrying(
            retry(2, "5xx"),
            service(
                new Faults(
                    "shop/broken",
                    10,
                    now.plusSeconds(3_600),
                    Duration.ofHours(1),
                    List.of(fault(50, new Effect.AbortHttp(503))))));
    int failed = 0;
    for (int i = 0; i < 1_000; i++) {
      RecordingReply each = new RecordingReply();
      service.handle(loop.get("/"), each);
      loop.advanceMillis(1_000);
      failed += each.status() == 503 ? 1 : 0;
    }
    assertThat(failed).as("an eighth instead of a half").isBetween(90, 160);
  }

  @Test
  void isCutByTheTimeoutOfATryLikeARealDelay() {
    RouteMeters meters = new RouteMeters(loop.metrics, CART, "default");
    HttpService service =
        new AttemptTimeoutLayer(Duration.ofMillis(100), Optional.empty(), meters)
            .wrap(inject(delay(300, 0)));
    long before = loop.nanos();
    service.handle(loop.get("/"), reply);
    loop.advanceMillis(100);
    assertThat(reply.error()).isEqualTo(MeshError.TRY_TIMEOUT);
    assertThat(loop.nanos() - before).isEqualTo(TimeUnit.MILLISECONDS.toNanos(100));
    assertThat(active()).isZero();
  }

  @Test
  void breaksTheConnectionInAWayThatIsRetriedAsAReset() {
    inject(fault(100, new Effect.Reset())).handle(loop.get("/"), reply);
    assertThat(reply.outcome)
        .isEqualTo(
            new Outcome.Failed(MeshError.FAULT_INJECTED, "policy shop/broken", Progress.SENT));
    assertThat(injected("reset")).isEqualTo(1);

    RecordingReply retried = new RecordingReply();
    retrying(retry(1, "reset"), inject(fault(100, new Effect.Reset())))
        .handle(loop.get("/"), retried);
    loop.advanceMillis(1_000);
    assertThat(injected("reset")).as("two tries more").isEqualTo(3);
  }

  @Test
  void cutsTheAnswerAfterSoManyBytes() {
    TestBody body = new TestBody();
    truncating(body, 5).handle(loop.get("/"), reply);
    body.send("abc");
    body.send("defgh");
    body.send("ijk");
    assertThat(reply.body().text()).isEqualTo("abcde");
    assertThat(reply.isDone()).as("what was sent is to arrive first").isFalse();

    loop.advanceMillis(10);
    assertThat(reply.body().failure).isNotNull();
    assertThat(reply.error()).isEqualTo(MeshError.FAULT_INJECTED);
    assertThat(reply.problem).isNull();
    assertThat(injected("truncate")).isEqualTo(1);
    assertThat(active()).isZero();
    assertThat(body.held()).as("buffers that nobody released").isZero();
    assertThat(body.credit).as("credit also for what was dropped").isEqualTo(11);
  }

  @Test
  void cutsAnAnswerThatHasComeWhole() {
    TestBody body = new TestBody();
    truncating(body, 2).handle(loop.get("/"), reply);
    body.send("abcdef");
    whole.run();
    assertThat(reply.isDone()).isFalse();
    loop.advanceMillis(10);
    assertThat(reply.body().text()).isEqualTo("ab");
    assertThat(reply.body().ended).as("a clean end").isFalse();
    assertThat(reply.body().failure).isNotNull();
  }

  @Test
  void letsAnAnswerThatIsShortEnoughThrough() {
    TestBody body = new TestBody();
    truncating(body, 6).handle(loop.get("/"), reply);
    body.send("abcdef");
    whole.run();
    assertThat(reply.body().text()).isEqualTo("abcdef");
    assertThat(reply.body().ended).isTrue();
    assertThat(reply.isDone()).isTrue();
    assertThat(injected("truncate")).isZero();
    assertThat(active()).isZero();
  }

  private void advance(long millis) {
    now = now.plusMillis(millis);
    loop.advanceMillis(millis);
  }

  private String thousand(long seed) {
    TestLoop seeded = new TestLoop(seed);
    FaultLayer layer =
        new FaultLayer(
            faults(10, fault(50, new Effect.AbortHttp(503))),
            FaultLayer.Side.CLIENT,
            slots,
            seeded.random,
            loop.metrics);
    StringBuilder statuses = new StringBuilder();
    for (int i = 0; i < 1_000; i++) {
      RecordingReply each = new RecordingReply();
      layer.wrap(server).handle(loop.get("/"), each);
      statuses.append(each.status() == 503 ? 'x' : '.');
    }
    return statuses.toString();
  }

  private HttpService inject(Fault... faults) {
    return service(faults(10, faults));
  }

  private HttpService service(Faults faults) {
    return layer(faults).wrap(server);
  }

  private FaultLayer layer(Faults faults) {
    return new FaultLayer(faults, FaultLayer.Side.CLIENT, slots, loop.random, loop.metrics);
  }

  /** A server whose answer the test sends. */
  private HttpService truncating(TestBody body, int afterBytes) {
    return layer(faults(1, fault(100, new Effect.Truncate(afterBytes))))
        .wrap((exchange, to) -> {
          Exchange.Holder holder =
              why -> {
                body.pipe.fail((Outcome.Failed) why);
                to.done(why);
              };
          exchange.hold(holder);
          whole =
              () -> {
                body.pipe.end(null);
                exchange.release(holder);
                to.done(new Outcome.Answered(200, -1));
              };
          to.head(new ResponseHead(200, new DefaultHttp2Headers(false), body.pipe, false));
        });
  }

  private HttpService retrying(RetrySettings retry, HttpService next) {
    RouteMeters meters = new RouteMeters(loop.metrics, CART, "default");
    RetryBudget budget =
        new RetryBudget(new RetrySettings.Budget(100, 1_000, Duration.ofSeconds(10)), loop.ticker);
    return new DeadlineLayer(timeouts(0, 0, 0), loop.ticker, meters)
        .wrap(
            new RetryLayer(retry, budget, loop.ticker, loop.random, meters)
                .wrap(new TryLayer(loop.ticker, meters).wrap(next)));
  }

  private Faults faults(int maxActive, Fault... faults) {
    return new Faults(
        "shop/broken",
        maxActive,
        loop.clock.instant().plusSeconds(5),
        Duration.ofSeconds(5),
        List.of(faults));
  }

  private static Fault abort(int status) {
    return fault(100, new Effect.AbortHttp(status));
  }

  private static Fault fault(int percent, Effect effect) {
    return new Fault(percent, List.of(), Optional.empty(), Optional.of(effect));
  }

  private static Fault delay(long fixedMillis, long jitterMillis) {
    return new Fault(
        100,
        List.of(),
        Optional.of(new Delay(Duration.ofMillis(fixedMillis), Duration.ofMillis(jitterMillis))),
        Optional.empty());
  }

  private long injected(String kind) {
    return loop.metrics
        .counter(ProxyMetric.FAULTS_INJECTED_TOTAL, "outbound", kind, "shop/broken")
        .value();
  }

  private long active() {
    return loop.metrics.gauge(ProxyMetric.FAULTS_ACTIVE, "shop/broken").value();
  }
}
