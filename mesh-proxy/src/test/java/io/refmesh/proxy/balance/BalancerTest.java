package io.refmesh.proxy.balance;

import static io.refmesh.proxy.scripted.Destinations.backend;
import static io.refmesh.proxy.scripted.Destinations.endpoint;
import static io.refmesh.proxy.scripted.Destinations.endpoints;
import static io.refmesh.proxy.scripted.ScriptedService.fails;
import static io.refmesh.proxy.scripted.ScriptedService.hangs;
import static io.refmesh.proxy.scripted.ScriptedService.status;
import static io.refmesh.proxy.scripted.ScriptedService.streams;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.endpoint.BackendEndpoints;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedUpstreams;
import io.refmesh.proxy.scripted.TestBody;
import io.refmesh.proxy.scripted.TestLoop;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.testkit.acceptance.Acceptance;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class BalancerTest {

  private static final List<EndpointSpec> NOT_READY = List.of(endpoint(0, "", 1, false));

  private final TestLoop loop = new TestLoop();
  private final ScriptedUpstreams upstreams = new ScriptedUpstreams();
  private final EndpointRegistry registry =
      new EndpointRegistry(loop.ticker, loop.random, upstreams, loop.metrics, "", "");
  private final RecordingReply reply = new RecordingReply();

  @Test
  void sendsATryToAnEndpointAndRecordsIt() {
    BackendEndpoints endpoints = lease(endpoints(1));
    Exchange exchange = loop.get("/");
    balancer(endpoints).handle(exchange, reply);

    assertThat(reply.status()).isEqualTo(200);
    assertThat(exchange.endpoint()).isEqualTo(endpoint(0));
    assertThat(exchange.backend()).isEqualTo("shop/cart:8080");
    assertThat(endpoints.current().ready().getFirst().load().pending()).isZero();
    assertThat(
            loop.metrics
                .counter(
                    ProxyMetric.TRY_TOTAL,
                    "false",
                    "shop",
                    "cart",
                    "8080",
                    "cart",
                    "cart-0",
                    "default",
                    "",
                    "10.0.0.1:8080")
                .value())
        .isEqualTo(1);
  }

  @Test
  @Acceptance(51)
  void refusesAtOnceWithoutEndpoints() {
    balancer(lease(List.of())).handle(loop.get("/"), reply);
    assertThat(reply.error()).isEqualTo(MeshError.NO_ENDPOINTS);
  }

  @Test
  @Acceptance(65)
  void waitsThreeSecondsForAnEndpointToGetReadyAndThenDoesNotWaitAgain() {
    BackendEndpoints endpoints = lease(NOT_READY);
    Balancer balancer = balancer(endpoints);
    balancer.handle(loop.get("/"), reply);
    loop.advanceMillis(2999);
    assertThat(reply.isDone()).isFalse();
    loop.advanceMillis(1);
    assertThat(reply.error()).isEqualTo(MeshError.NO_ENDPOINTS);

    RecordingReply next = new RecordingReply();
    balancer.handle(loop.get("/"), next);
    assertThat(next.error()).isEqualTo(MeshError.NO_ENDPOINTS);

    lease(endpoints(1));
    RecordingReply afterwards = new RecordingReply();
    balancer.handle(loop.get("/"), afterwards);
    assertThat(afterwards.status()).isEqualTo(200);
    assertThat(balancer.waiting()).isZero();
  }

  @Test
  @Acceptance(65)
  void goesOnAsSoonAsAnEndpointIsReady() {
    BackendEndpoints endpoints = lease(NOT_READY);
    balancer(endpoints).handle(loop.get("/"), reply);
    loop.advanceMillis(1000);
    lease(endpoints(1));
    loop.run();
    assertThat(reply.status()).isEqualTo(200);
    loop.advance(Duration.ofSeconds(5));
  }

  @Test
  void refusesWhatWaitsWhenTheLastEndpointIsGone() {
    BackendEndpoints endpoints = lease(NOT_READY);
    balancer(endpoints).handle(loop.get("/"), reply);
    lease(List.of());
    loop.run();
    assertThat(reply.error()).isEqualTo(MeshError.NO_ENDPOINTS);
  }

  @Test
  void boundsHowManyWait() {
    BackendSettings settings =
        new BackendSettings(
            BackendSettings.Balancer.DEFAULT,
            BackendSettings.Ejection.DEFAULT,
            new BackendSettings.Limits(0, false, 0, 2),
            Duration.ofSeconds(1));
    Balancer balancer =
        new Balancer(
            registry.lease(backend(NOT_READY, settings)),
            settings,
            loop.ticker,
            loop.random,
            loop.metrics);
    balancer.handle(loop.get("/"), new RecordingReply());
    balancer.handle(loop.get("/"), new RecordingReply());
    balancer.handle(loop.get("/"), reply);
    assertThat(reply.error()).isEqualTo(MeshError.OVERLOADED);
    assertThat(loop.metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "pending").value())
        .isEqualTo(1);
  }

  @Test
  void endsWaitingWhenTheCallerGoesAway() {
    Balancer balancer = balancer(lease(NOT_READY));
    Exchange exchange = loop.get("/");
    balancer.handle(exchange, reply);
    exchange.cancel(new Outcome.CallerGone(Progress.NOT_SENT));
    assertThat(reply.outcome).isEqualTo(new Outcome.CallerGone(Progress.NOT_SENT));
    assertThat(balancer.waiting()).isZero();
    loop.advance(Duration.ofSeconds(5));
  }

  @Test
  void countsATryAsPendingUntilItsBodyHasEnded() {
    BackendEndpoints endpoints = lease(endpoints(1));
    upstreams.all(streams(200, new TestBody().pipe));
    Exchange exchange = loop.get("/");
    balancer(endpoints).handle(exchange, reply);
    assertThat(endpoints.current().ready().getFirst().load().pending()).isEqualTo(1);
    exchange.cancel(new Outcome.CallerGone(Progress.HEAD_RECEIVED));
    assertThat(endpoints.current().ready().getFirst().load().pending()).isZero();
  }

  @Test
  void takesAnEndpointBackWhenTheHeadOfTheProbeShowsSuccess() {
    BackendEndpoints endpoints = lease(endpoints(2));
    Balancer balancer = balancer(endpoints);
    upstreams.replica(1, status(500));
    while (endpoints.ejected() == 0) {
      balancer.handle(loop.get("/"), new RecordingReply());
    }
    upstreams.replica(1, streams(200, new TestBody().pipe));
    loop.advanceMillis(1600);

    balancer.handle(loop.get("/"), reply);

    assertThat(reply.isDone()).as("its body goes on").isFalse();
    assertThat(endpoints.ejected()).isZero();
  }

  @Test
  void countsAnEndpointThatNeverAnswersAsFailed() {
    BackendEndpoints endpoints = lease(endpoints(2));
    Balancer balancer = balancer(endpoints);
    upstreams.replica(1, hangs());
    for (int i = 0; i < 100 && endpoints.ejected() == 0; i++) {
      Exchange exchange = loop.get("/");
      RecordingReply each = new RecordingReply();
      balancer.handle(exchange, each);
      exchange.cancel(new Outcome.Failed(MeshError.REQUEST_TIMEOUT, "", Progress.SENT));
    }
    assertThat(endpoints.ejected()).isEqualTo(1);
  }

  @Test
  @Acceptance(68)
  void sendsTheBadOneOfTwoSevenRequestsAndThenNone() {
    BackendEndpoints endpoints = lease(endpoints(2));
    Balancer balancer = balancer(endpoints);
    upstreams.replica(1, fails(MeshError.CONNECT_FAILED, Progress.NOT_SENT));
    for (int i = 0; i < 200; i++) {
      balancer.handle(loop.get("/"), new RecordingReply());
    }
    assertThat(upstreams.calls(1)).isEqualTo(7);
    assertThat(upstreams.calls(0)).isEqualTo(193);
  }

  private BackendEndpoints lease(List<EndpointSpec> endpoints) {
    return registry.lease(backend(endpoints));
  }

  private Balancer balancer(BackendEndpoints endpoints) {
    return new Balancer(endpoints, BackendSettings.DEFAULT, loop.ticker, loop.random, loop.metrics);
  }
}
