package io.refmesh.proxy;

import static io.refmesh.proxy.scripted.Destinations.CART;
import static io.refmesh.proxy.scripted.Destinations.backend;
import static io.refmesh.proxy.scripted.Destinations.endpoint;
import static io.refmesh.proxy.scripted.Destinations.endpoints;
import static io.refmesh.proxy.scripted.Destinations.retry;
import static io.refmesh.proxy.scripted.Destinations.service;
import static io.refmesh.proxy.scripted.Destinations.timeouts;
import static io.refmesh.proxy.scripted.ScriptedService.fails;
import static io.refmesh.proxy.scripted.ScriptedService.hangs;
import static io.refmesh.proxy.scripted.ScriptedService.status;
import static io.refmesh.proxy.scripted.ScriptedService.streams;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.resilience.FaultSlots;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedUpstreams;
import io.refmesh.proxy.scripted.TestBody;
import io.refmesh.proxy.scripted.TestLoop;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OutboundStackTest {

  private static final ServicePort V2 = new ServicePort("shop", "cart-v2", 8080);

  private final TestLoop loop = new TestLoop();
  private final ScriptedUpstreams upstreams = new ScriptedUpstreams();
  private final EndpointRegistry registry =
      new EndpointRegistry(loop.ticker, loop.random, upstreams, loop.metrics, "", "");
  private final OutboundStack stacks =
      new OutboundStack(
          loop.ticker,
          loop.random,
          registry,
          new FaultSlots(loop.ticker, loop.clock, loop.metrics),
          loop.metrics);
  private final RecordingReply reply = new RecordingReply();

  @Test
  void carriesARequestThroughAllLayers() {
    DestinationStack stack =
        stacks.compile(
            service(
                backend(endpoints(2)), timeouts(2000, 500, 60_000), Optional.of(retry(1, "5xx"))));
    upstreams.replica(0, status(503)).replica(1, status(503));
    Exchange exchange = loop.get("/");
    exchange.request().headers().set("x-mesh-try", "forged");

    stack.http().handle(exchange, reply);
    loop.advanceMillis(500);

    assertThat(reply.status()).isEqualTo(503);
    assertThat(upstreams.called).as("the retry goes to the other").containsExactlyInAnyOrder(0, 1);
    assertThat(exchange.request().headers().get("x-mesh-try")).hasToString("2");
    assertThat(exchange.route()).isEqualTo("default");
  }

  @Test
  void retriesOnAnotherEndpointWhenTheFirstHangs() {
    DestinationStack stack =
        stacks.compile(
            service(
                backend(endpoints(2)),
                timeouts(2000, 300, 0),
                Optional.of(retry(1, "per-try-timeout"))));
    upstreams.replica(0, hangs()).replica(1, hangs());
    stack.http().handle(loop.get("/"), reply);
    int first = upstreams.called.getFirst();
    upstreams.replica(1 - first, status(200));
    loop.advanceMillis(400);
    assertThat(reply.status()).isEqualTo(200);
    assertThat(upstreams.called).containsExactly(first, 1 - first);
  }

  @Test
  void servesFromTheMissingTheZeroAndTheKnownShare() {
    DestinationStack stack =
        stacks.compile(
            destination(
                rule("/valid", new WeightedBackend(V2, 1, true)),
                rule(
                    "/missing", new WeightedBackend(new ServicePort("shop", "gone", 80), 1, false)),
                rule(
                    "/zero",
                    new WeightedBackend(V2, 0, true),
                    new WeightedBackend(new ServicePort("shop", "gone", 80), 0, false)),
                rule("/none")));
    upstreams.replica(7, status(204));

    assertThat(call(stack, "/valid").status()).isEqualTo(204);
    assertThat(call(stack, "/missing").error()).isEqualTo(MeshError.INVALID_BACKEND);
    assertThat(call(stack, "/missing").detail()).contains("gone.shop:80");
    for (int i = 0; i < 100; i++) {
      assertThat(call(stack, "/zero").status()).as("the service itself").isEqualTo(200);
    }
    assertThat(call(stack, "/none").error()).isEqualTo(MeshError.INVALID_BACKEND);
    assertThat(call(stack, "/other").error()).isEqualTo(MeshError.NO_ROUTE);
  }

  @Test
  void finishesExchangesOnTheOldStackWithEndpointsOfTheNewVersion() {
    DestinationStack old =
        stacks.compile(
            service(backend(endpoints(1)), Timeouts.NONE, Optional.of(retry(1, "reset"))));
    TestBody body = new TestBody();
    upstreams.replica(0, streams(200, body.pipe)).replica(5, status(200));
    RecordingReply streaming = new RecordingReply();
    old.http().handle(loop.get("/stream"), streaming);
    upstreams.replica(0, fails(MeshError.UPSTREAM_RESET, Progress.SENT));
    old.http().handle(loop.get("/"), reply);

    DestinationStack next =
        stacks.compile(service(backend(List.of(endpoint(5))), Timeouts.NONE, Optional.empty()));
    old.close();
    loop.advanceMillis(100);
    body.send("still");

    assertThat(streaming.body().text()).isEqualTo("still");
    assertThat(reply.status()).as("the retry finds the new endpoint").isEqualTo(200);
    assertThat(upstreams.closed).containsExactly(endpoint(0));
    next.close();
    old.close();
    loop.run();
    assertThat(registry.snapshot()).isEmpty();
    assertThat(upstreams.closed).containsExactly(endpoint(0), endpoint(5));
  }

  @Test
  void keepsTheOldVersionWhenTheNewOneCannotBeUsed() {
    DestinationStack stack =
        stacks.compile(service(backend(endpoints(1)), Timeouts.NONE, Optional.empty()));
    RouteRule broken =
        new RouteRule(
            "shop/cart/0",
            List.of(),
            new HttpMatch(new PathMatch.Regex("(["), "", List.of(), List.of()),
            List.of(),
            List.of(),
            Timeouts.NONE,
            Optional.empty());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> stacks.compile(destination(broken)))
        .withMessageContaining("shop/cart/0");
    assertThat(call(stack, "/").status()).isEqualTo(200);
    stack.close();
    assertThat(registry.snapshot()).isEmpty();
  }

  @Test
  void spendsOneBudgetAcrossVersions() {
    var settings =
        new io.refmesh.model.policy.RetrySettings(
            1,
            retry(1, "5xx").on(),
            false,
            java.time.Duration.ZERO,
            java.time.Duration.ZERO,
            1024,
            new io.refmesh.model.policy.RetrySettings.Budget(
                0, 1, java.time.Duration.ofSeconds(10)));
    upstreams.all(status(503));
    for (int version = 0; version < 5; version++) {
      DestinationStack stack =
          stacks.compile(service(backend(endpoints(1)), Timeouts.NONE, Optional.of(settings)));
      for (int i = 0; i < 10; i++) {
        call(stack, "/");
      }
    }
    assertThat(upstreams.called).hasSize(60);
  }

  @Test
  void stopsTheEndpointWhenTheRequestTimeoutFires() {
    DestinationStack stack =
        stacks.compile(service(backend(endpoints(1)), timeouts(500, 0, 0), Optional.empty()));
    boolean[] told = new boolean[1];
    upstreams.all((exchange, to) ->
        exchange.hold(why -> {
          told[0] = true;
          to.done(why);
        }));
    stack.http().handle(loop.get("/"), reply);
    loop.advanceMillis(500);
    assertThat(told[0]).isTrue();
    assertThat(reply.outcome)
        .isInstanceOfSatisfying(
            Outcome.Failed.class,
            failed -> assertThat(failed.error()).isEqualTo(MeshError.REQUEST_TIMEOUT));
  }

  private RecordingReply call(DestinationStack stack, String path) {
    RecordingReply each = new RecordingReply();
    stack.http().handle(loop.get(path), each);
    loop.advanceMillis(1);
    return each;
  }

  private static RouteRule rule(String path, WeightedBackend... backends) {
    return new RouteRule(
        "shop/cart" + path,
        List.of(),
        new HttpMatch(new PathMatch.Exact(path), "", List.of(), List.of()),
        List.of(),
        List.of(backends),
        Timeouts.NONE,
        Optional.empty());
  }

  private static Destination destination(RouteRule... rules) {
    return new Destination(
        CART,
        AppProtocol.HTTP,
        List.of(rules),
        Map.of(
            CART,
            backend(endpoints(2)),
            V2,
            new Backend(V2, AppProtocol.HTTP, List.of(endpoint(7)), BackendSettings.DEFAULT)));
  }
}
