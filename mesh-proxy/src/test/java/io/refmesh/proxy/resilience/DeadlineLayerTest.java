package io.refmesh.proxy.resilience;

import static io.refmesh.proxy.scripted.Destinations.timeouts;
import static io.refmesh.proxy.scripted.ScriptedService.fails;
import static io.refmesh.proxy.scripted.ScriptedService.hangs;
import static io.refmesh.proxy.scripted.ScriptedService.status;
import static io.refmesh.proxy.scripted.ScriptedService.streams;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.Timeouts;
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
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DeadlineLayerTest {

  private final TestLoop loop = new TestLoop();
  private final RecordingReply reply = new RecordingReply();

  @Test
  void endsAnExchangeThatGetsNoAnswer() {
    handle(timeouts(2000, 0, 0), hangs(), loop.get("/"));

    loop.advanceMillis(1999);
    assertThat(reply.isDone()).isFalse();
    loop.advanceMillis(1);

    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
    assertThat(reply.detail()).contains("2000 ms");
    assertThat(timedOut("request")).isEqualTo(1);
  }

  @Test
  void endsAnAnswerThatIsNotCompleteInTime() {
    TestBody body = new TestBody();
    handle(timeouts(2000, 0, 0), streams(200, body.pipe), loop.get("/"));
    loop.advanceMillis(1500);
    body.send("half");
    loop.advanceMillis(600);

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.outcome)
        .isInstanceOfSatisfying(
            Outcome.Failed.class,
            failed -> assertThat(failed.progress()).isEqualTo(Progress.HEAD_RECEIVED));
    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
  }

  @Test
  void countsFromTheRequestHead() {
    Exchange exchange = loop.get("/");
    loop.advanceMillis(1500);
    handle(timeouts(2000, 0, 0), hangs(), exchange);
    loop.advanceMillis(500);
    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
  }

  @Test
  void refusesWhatHasNoTimeLeft() {
    Exchange exchange = loop.get("/");
    loop.advanceMillis(3000);
    handle(
        timeouts(2000, 0, 0),
        (e, r) -> {
          throw new AssertionError("must not be reached");
        },
        exchange);
    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
  }

  @Test
  void obeysAShorterDeadlineOfTheCallersProxy() {
    Exchange exchange = loop.get("/");
    exchange.request().headers().set("x-mesh-deadline", "300");
    handle(timeouts(2000, 0, 0), hangs(), exchange);
    loop.advanceMillis(301);
    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
  }

  @Test
  void doesNotLetACallerLengthenTheTime() {
    Exchange exchange = loop.get("/");
    exchange.request().headers().set("x-mesh-deadline", "60000");
    handle(timeouts(500, 0, 0), hangs(), exchange);
    loop.advanceMillis(501);
    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
  }

  @Test
  void obeysGrpcTimeoutEvenWithoutAPolicy() {
    Exchange exchange = loop.grpc("/cart.Cart/Add");
    exchange.request().headers().set("grpc-timeout", "250m");
    handle(Timeouts.NONE, hangs(), exchange);
    loop.advanceMillis(251);
    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
  }

  @Test
  @Acceptance(96)
  void leavesAnExchangeAloneThatHasNoTimeout() {
    handle(
        timeouts(0, 0, 0),
        (e, r) ->
            e.loop().schedule(() -> ScriptedService.status(200).play(e, r), 10, TimeUnit.MINUTES),
        loop.get("/"));
    loop.advance(Duration.ofMinutes(9));
    assertThat(reply.isDone()).isFalse();
    loop.advance(Duration.ofMinutes(2));
    assertThat(reply.status()).isEqualTo(200);
  }

  @Test
  @Acceptance(94)
  void letsAnUploadTakeLongerThanTheIdleTimeoutWhileItMoves() {
    TestBody body = new TestBody();
    handle(
        timeouts(0, 0, 2000),
        (e, r) -> {
          CollectingSink.on(e.body());
          e.loop()
              .schedule(() -> ScriptedService.status(200).play(e, r), 4100, TimeUnit.MILLISECONDS);
        },
        loop.post("/", body.pipe));
    for (int i = 0; i < 8; i++) {
      loop.advanceMillis(500);
      body.send("x");
    }
    body.pipe.end(null);
    loop.advanceMillis(200);
    assertThat(reply.status()).isEqualTo(200);
  }

  @Test
  void tellsTheNextHopHowMuchTimeIsLeft() {
    ScriptedService service =
        new ScriptedService(fails(MeshError.UPSTREAM_RESET, Progress.SENT), status(200));
    RouteMeters meters = meters();
    HttpService tries = new TryLayer(loop.ticker, meters).wrap(service);
    Exchange exchange = loop.grpc("/cart.Cart/Add");
    HttpService layered =
        new DeadlineLayer(timeouts(2000, 0, 0), loop.ticker, meters)
            .wrap((e, r) -> {
              tries.handle(e, new RecordingReply());
              loop.advanceMillis(700);
              tries.handle(e, r);
            });
    layered.handle(exchange, reply);

    assertThat(service.calls.get(0).tryNumber()).isEqualTo("1");
    assertThat(service.calls.get(0).deadline()).isEqualTo("2000");
    assertThat(service.calls.get(1).tryNumber()).isEqualTo("2");
    assertThat(service.calls.get(1).deadline()).isEqualTo("1300");
    assertThat(exchange.request().headers().get("grpc-timeout")).hasToString("1300m");
  }

  @Test
  void endsAnAnswerThatPauses() {
    TestBody body = new TestBody();
    handle(timeouts(0, 0, 1000), streams(200, body.pipe), loop.get("/"));
    for (int i = 0; i < 5; i++) {
      loop.advanceMillis(900);
      body.send("tick");
    }
    assertThat(reply.isDone()).isFalse();
    loop.advanceMillis(1500);

    assertThat(reply.error()).isEqualTo(MeshError.IDLE_TIMEOUT);
    assertThat(timedOut("idle")).isEqualTo(1);
  }

  @Test
  void noticesAPauseWhenARequestTimeoutIsFarAway() {
    TestBody body = new TestBody();
    handle(timeouts(60_000, 0, 1000), streams(200, body.pipe), loop.get("/"));
    loop.advanceMillis(1500);
    assertThat(reply.error()).isEqualTo(MeshError.IDLE_TIMEOUT);
  }

  @Test
  void endsARequestThatPauses() {
    TestBody body = new TestBody();
    handle(
        timeouts(0, 0, 1000),
        (e, r) -> {
          CollectingSink.on(e.body());
          hangs().play(e, r);
        },
        loop.post("/", body.pipe));
    body.send("half");
    loop.advanceMillis(1500);
    assertThat(reply.error()).isEqualTo(MeshError.IDLE_TIMEOUT);
  }

  @Test
  void doesNotTakeThinkingForAPause() {
    handle(timeouts(0, 0, 1000), hangs(), loop.post("/", TestBody.of("whole")));
    loop.advance(Duration.ofMinutes(5));
    assertThat(reply.isDone()).isFalse();
  }

  @Test
  void aTunnelMayTakeAsLongAsItLikesWhileItsBytesMove() {
    TestBody sent = new TestBody();
    TestBody got = new TestBody();
    handle(
        timeouts(2000, 0, 1000),
        (e, r) -> {
          CollectingSink.on(e.body());
          streams(101, got.pipe).play(e, r);
        },
        loop.upgrade("/socket", sent.pipe));
    for (int i = 0; i < 20; i++) {
      loop.advanceMillis(600);
      (i % 2 == 0 ? sent : got).send("x");
    }
    assertThat(reply.isDone()).isFalse();
    loop.advanceMillis(1500);
    assertThat(reply.error()).isEqualTo(MeshError.IDLE_TIMEOUT);
  }

  @Test
  void doesNotTakeWaitingForAnUpgradeForAPause() {
    handle(timeouts(0, 0, 1000), hangs(), loop.upgrade("/socket", new TestBody().pipe));
    loop.advance(Duration.ofMinutes(5));
    assertThat(reply.isDone()).isFalse();
  }

  @Test
  void anUpgradeHasToBeAnsweredInTime() {
    handle(timeouts(2000, 0, 0), hangs(), loop.upgrade("/socket", new TestBody().pipe));
    loop.advanceMillis(2100);
    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
  }

  @Test
  void isSilentAfterTheEnd() {
    handle(
        timeouts(2000, 0, 1000),
        (e, r) -> {
          r.head(new ResponseHead(200, new DefaultHttp2Headers(), TestBody.of("x"), false));
          r.done(new Outcome.Answered(200, -1));
        },
        loop.get("/"));
    loop.advanceMillis(5000);
    assertThat(timedOut("request")).isZero();
  }

  private void handle(Timeouts timeouts, ScriptedService.Step step, Exchange exchange) {
    new DeadlineLayer(timeouts, loop.ticker, meters())
        .wrap(new ScriptedService(step))
        .handle(exchange, reply);
  }

  private RouteMeters meters() {
    return new RouteMeters(loop.metrics, Destinations.CART, "default");
  }

  private long timedOut(String kind) {
    return loop.metrics
        .counter(ProxyMetric.TIMEOUT_TOTAL, "shop", "cart", "8080", "default", kind)
        .value();
  }
}
