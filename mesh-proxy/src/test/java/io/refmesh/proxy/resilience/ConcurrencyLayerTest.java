package io.refmesh.proxy.resilience;

import static io.refmesh.proxy.scripted.Destinations.CART;
import static io.refmesh.proxy.scripted.ScriptedService.hangs;
import static io.refmesh.proxy.scripted.ScriptedService.status;
import static io.refmesh.proxy.scripted.ScriptedService.streams;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings.Limits;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedService;
import io.refmesh.proxy.scripted.TestBody;
import io.refmesh.proxy.scripted.TestLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConcurrencyLayerTest {

  private final TestLoop loop = new TestLoop();
  private final ConcurrencyLimits limits = new ConcurrencyLimits(loop.ticker, loop.metrics);

  @Test
  void refusesAtOnceWhatIsBeyondTheLimitAndCountsIt() {
    HttpService service = layer(new Limits(2, false, 0, 0), ScriptedService.always(hangs()));
    call(service);
    Exchange second = loop.get("/");
    service.handle(second, new RecordingReply());

    RecordingReply third = call(service);

    assertThat(third.error()).isEqualTo(MeshError.OVERLOADED);
    assertThat(third.detail())
        .contains("shop/cart:8080")
        .contains("2 requests")
        .contains("inFlight");
    assertThat(loop.metrics.scrape()).contains("limit_reached_total{limit=\"inFlight\"} 1.0");
    second.cancel(new Outcome.CallerGone(Outcome.Progress.SENT));
    assertThat(call(service).isDone()).as("one has ended, one may begin").isFalse();
  }

  @Test
  void countsAnAnswerUntilItsBodyHasEnded() {
    TestBody body = new TestBody();
    HttpService service =
        layer(new Limits(1, false, 0, 0), new ScriptedService(streams(200, body.pipe)));
    Exchange exchange = loop.get("/");
    RecordingReply streaming = new RecordingReply();
    service.handle(exchange, streaming);
    assertThat(streaming.status()).isEqualTo(200);
    assertThat(call(service).error()).isEqualTo(MeshError.OVERLOADED);
  }

  @Test
  void sharesOneLimitAmongVersionsAndForgetsItWithTheLast() {
    Limits settings = new Limits(1, false, 0, 0);
    HttpService old = layer(settings, ScriptedService.always(hangs()));
    HttpService next = layer(settings, ScriptedService.always(status(200)));
    call(old);
    assertThat(call(next).error()).isEqualTo(MeshError.OVERLOADED);
    assertThat(loop.metrics.scrape())
        .contains(
            "concurrency_limit{dst_namespace=\"shop\",dst_port=\"8080\",dst_service=\"cart\"} 1.0");

    limits.release(CART);
    assertThat(limits.snapshot())
        .isEqualTo(Map.of(CART, new ConcurrencyLimit.Snapshot(1, 1, false, 0)));
    limits.release(CART);
    assertThat(limits.snapshot()).isEmpty();
  }

  @Test
  void takesOverAChangedLimit() {
    HttpService service = layer(new Limits(1, false, 0, 0), ScriptedService.always(hangs()));
    call(service);
    assertThat(call(service).error()).isEqualTo(MeshError.OVERLOADED);
    layer(new Limits(2, false, 0, 0), ScriptedService.always(hangs()));
    assertThat(call(service).isDone()).isFalse();
  }

  @Test
  void namesTheAdaptiveLimitWhenThatIsTheOne() {
    HttpService service = layer(new Limits(1000, true, 0, 0), ScriptedService.always(hangs()));
    List<RecordingReply> replies = new ArrayList<>();
    for (int i = 0; i < AdaptiveLimit.START + 5; i++) {
      replies.add(call(service));
    }
    assertThat(replies.stream().filter(RecordingReply::isDone)).hasSize(5);
    assertThat(replies.getLast().detail()).contains("(adaptive)");
    assertThat(loop.metrics.scrape()).contains("limit_reached_total{limit=\"adaptive\"} 5.0");
    assertThat(limits.snapshot().get(CART)).extracting(s -> s.adaptive()).isEqualTo(true);
  }

  @Test
  void needsNoLimitWhereNoneIsSet() {
    assertThat(limits.lease(CART, Limits.DEFAULT)).isEmpty();
  }

  private HttpService layer(Limits settings, HttpService next) {
    return new ConcurrencyLayer(
            CART, limits.lease(CART, settings).orElseThrow(), loop.ticker, loop.metrics)
        .wrap(next);
  }

  private RecordingReply call(HttpService service) {
    RecordingReply reply = new RecordingReply();
    service.handle(loop.get("/"), reply);
    return reply;
  }
}
