package io.refmesh.proxy.resilience;

import static io.refmesh.proxy.scripted.Destinations.retry;
import static io.refmesh.proxy.scripted.Destinations.timeouts;
import static io.refmesh.proxy.scripted.ScriptedService.hangs;
import static io.refmesh.proxy.scripted.ScriptedService.status;
import static io.refmesh.proxy.scripted.ScriptedService.streams;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.scripted.Destinations;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedService;
import io.refmesh.proxy.scripted.TestBody;
import io.refmesh.proxy.scripted.TestLoop;
import io.refmesh.testkit.acceptance.Acceptance;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AttemptTimeoutLayerTest {

  private final TestLoop loop = new TestLoop();
  private final RecordingReply reply = new RecordingReply();
  private final RouteMeters meters = new RouteMeters(loop.metrics, Destinations.CART, "default");

  @Test
  void endsATryWithoutAHead() {
    layer(500).wrap(new ScriptedService(hangs())).handle(loop.get("/"), reply);
    loop.advanceMillis(500);
    assertThat(reply.error()).isEqualTo(MeshError.TRY_TIMEOUT);
    assertThat(reply.detail()).contains("500 ms");
  }

  @Test
  void letsABodyTakeAsLongAsItLikes() {
    layer(500)
        .wrap(new ScriptedService(streams(200, new TestBody().pipe)))
        .handle(loop.get("/"), reply);
    loop.advance(Duration.ofMinutes(1));
    assertThat(reply.isDone()).isFalse();
  }

  @Test
  void letsTheNextTryHaveItsOwnTime() {
    ScriptedService service = new ScriptedService(hangs(), hangs(), status(200));
    stack(service, 10_000, retry(2, "per-try-timeout")).handle(loop.get("/"), reply);
    loop.advance(Duration.ofSeconds(3));

    assertThat(reply.status()).isEqualTo(200);
    assertThat(service.calls).hasSize(3);
  }

  @Test
  @Acceptance(85)
  void givesTheLastPermittedTryAllTheTimeThatIsLeft() {
    ScriptedService service = ScriptedService.always(hangs());
    Exchange exchange = loop.get("/");
    long start = loop.nanos();
    stack(service, 2000, retry(2, "per-try-timeout")).handle(exchange, reply);
    loop.advanceMillis(1999);
    assertThat(reply.isDone()).isFalse();
    assertThat(service.calls).hasSize(3);
    assertThat((service.calls.get(1).atNanos() - start) / 1_000_000).isBetween(500L, 525L);
    assertThat((service.calls.get(2).atNanos() - start) / 1_000_000).isBetween(1000L, 1075L);
    loop.advanceMillis(1);
    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
  }

  @Test
  void endsTheLastTryWhenTheRequestHasNoTimeLimitOrTimeoutsAreNotTriedAgain() {
    ScriptedService service = ScriptedService.always(hangs());
    stack(service, 0, retry(1, "per-try-timeout")).handle(loop.get("/"), reply);
    loop.advanceMillis(1100);
    assertThat(reply.error()).isEqualTo(MeshError.TRY_TIMEOUT);
    assertThat(service.calls).hasSize(2);

    RecordingReply other = new RecordingReply();
    stack(service, 10_000, retry(1, "reset")).handle(loop.get("/"), other);
    loop.advanceMillis(500);
    assertThat(other.error()).isEqualTo(MeshError.TRY_TIMEOUT);
  }

  @Test
  void endsWithTheRequestTimeoutWhenThatComesFirst() {
    ScriptedService service = ScriptedService.always(hangs());
    stack(service, 1200, retry(10, "per-try-timeout")).handle(loop.get("/"), reply);
    loop.advanceMillis(1200);
    assertThat(reply.error()).isEqualTo(MeshError.REQUEST_TIMEOUT);
    assertThat(service.calls.size()).isBetween(2, 3);
  }

  private HttpService stack(ScriptedService service, long requestMillis, RetrySettings retry) {
    return new DeadlineLayer(timeouts(requestMillis, 500, 0), loop.ticker, meters)
        .wrap(
            new RetryLayer(
                    retry,
                    new RetryBudget(retry.budget(), loop.ticker),
                    loop.ticker,
                    loop.random,
                    meters)
                .wrap(
                    new TryLayer(loop.ticker, meters)
                        .wrap(
                            new AttemptTimeoutLayer(
                                    Duration.ofMillis(500), Optional.of(retry), meters)
                                .wrap(service))));
  }

  private AttemptTimeoutLayer layer(long millis) {
    return new AttemptTimeoutLayer(Duration.ofMillis(millis), Optional.empty(), meters);
  }
}
