package io.refmesh.proxy.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.refmesh.model.error.MeshError;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteFilter.PathChange;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.scripted.Destinations;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedService;
import io.refmesh.proxy.scripted.TestBody;
import io.refmesh.proxy.scripted.TestLoop;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiltersTest {

  private final TestLoop loop = new TestLoop();
  private final RecordingReply reply = new RecordingReply();
  private final ScriptedService ok =
      ScriptedService.always(ScriptedService.status(200, "x-old", "1"));

  @Test
  void setsAddsAndRemovesRequestHeaders() {
    Exchange exchange = loop.get("/");
    exchange.request().headers().add("x-set", "old").add("x-add", "1").add("x-gone", "1");
    HeaderLayer.onRequests(
            new RouteFilter.RequestHeaders(
                Map.of("x-set", "new", "host", "other"), Map.of("x-add", "2"), List.of("x-gone")))
        .wrap(ok)
        .handle(exchange, reply);
    assertThat(exchange.request().headers().getAll("x-set")).hasToString("[new]");
    assertThat(exchange.request().headers().getAll("x-add")).hasToString("[1,2]");
    assertThat(exchange.request().headers().contains("x-gone")).isFalse();
    assertThat(exchange.request().authority()).isEqualTo("other");
  }

  @Test
  void givesEachTryAtABackendTheHeadAsItWasBefore() {
    Exchange exchange = loop.upgrade("/socket", new TestBody().pipe);
    exchange.request().headers().set("x-list", "a");
    ScriptedService backend = ScriptedService.always(ScriptedService.status(503));
    HttpService filtered =
        new BackendHeadLayer()
            .wrap(
                HeaderLayer.onRequests(
                        new RouteFilter.RequestHeaders(Map.of(), Map.of("x-list", "b"), List.of()))
                    .wrap((e, r) -> {
                      assertThat(e.request().headers().get("x-list")).hasToString("a,b");
                      assertThat(e.request().opensTunnel()).isTrue();
                      backend.handle(e, r);
                    }));
    filtered.handle(exchange, new RecordingReply());
    filtered.handle(exchange, new RecordingReply());
    assertThat(backend.calls).hasSize(2);
    assertThat(exchange.request().headers().get("x-list")).hasToString("a");
  }

  @Test
  void changesResponseHeaders() {
    HeaderLayer.onResponses(
            new RouteFilter.ResponseHeaders(Map.of("x-new", "2"), Map.of(), List.of("x-old")))
        .wrap(ok)
        .handle(loop.get("/"), reply);
    assertThat(reply.answer().headers().get("x-new")).hasToString("2");
    assertThat(reply.answer().headers().contains("x-old")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "/one, /two, /one/x?q=1, /two/x?q=1",
    "/one, /, /one/x, /x",
    "/one, /, /one, /",
    "/one/, /two/, /one/x, /two/x",
    "/, /two, /x, /two/x"
  })
  void replacesThePrefixThatMatched(String prefix, String value, String path, String expected) {
    Exchange exchange = loop.get(path);
    new RewriteLayer(
            new RouteFilter.Rewrite(Optional.empty(), Optional.of(new PathChange(false, value))),
            new PathMatch.Prefix(prefix))
        .wrap(ok)
        .handle(exchange, reply);
    assertThat(exchange.request().path()).isEqualTo(expected);
  }

  @Test
  void replacesTheWholePathAndTheHost() {
    Exchange exchange = loop.get("/one/x?q=1");
    new RewriteLayer(
            new RouteFilter.Rewrite(Optional.of("other"), Optional.of(new PathChange(true, "/y"))),
            new PathMatch.Prefix("/one"))
        .wrap(ok)
        .handle(exchange, reply);
    assertThat(exchange.request().path()).isEqualTo("/y?q=1");
    assertThat(exchange.request().authority()).isEqualTo("other");
  }

  @Test
  void redirectsWithoutCallingAnyone() {
    new Redirect(
            new RouteFilter.Redirect(
                Optional.of("https"),
                Optional.of("example.com"),
                Optional.empty(),
                Optional.of(new PathChange(false, "/new")),
                301),
            new PathMatch.Prefix("/old"))
        .handle(loop.get("/old/x?q=1"), reply);
    assertThat(reply.status()).isEqualTo(301);
    assertThat(location()).isEqualTo("https://example.com/new/x?q=1");
    assertThat(reply.isDone()).isTrue();
  }

  @Test
  void keepsThePortOfTheRequestUnlessToldOtherwise() {
    redirect(Optional.empty(), Optional.empty());
    assertThat(location()).isEqualTo("http://cart.shop:8080/x");
  }

  @Test
  void leavesOutThePortThatTheSchemeImplies() {
    redirect(Optional.empty(), Optional.of(80));
    assertThat(location()).isEqualTo("http://cart.shop/x");
  }

  @Test
  void namesAnyOtherPort() {
    redirect(Optional.of("https"), Optional.of(8443));
    assertThat(location()).isEqualTo("https://cart.shop:8443/x");
  }

  @Test
  void dividesByWeight() {
    int[] calls = new int[3];
    BackendSplit split =
        new BackendSplit(
            List.of(share(calls, 0, 70), share(calls, 1, 30), share(calls, 2, 0)), loop.random);
    for (int i = 0; i < 10_000; i++) {
      split.handle(loop.get("/"), reply);
    }
    assertThat(calls[0]).isCloseTo(7000, within(200));
    assertThat(calls[2]).isZero();
  }

  @Test
  void answers404WhenNoRuleMatches() {
    RouteTable table =
        new RouteTable(
            List.of(
                Destinations.rule(
                    "r", new HttpMatch(new PathMatch.Exact("/a"), "", List.of(), List.of()))));
    Router router = new Router(table, List.of(ok), "cart.shop:8080");
    Exchange found = loop.get("/a");
    router.handle(found, new RecordingReply());
    assertThat(found.route()).isEqualTo("r");
    router.handle(loop.get("/b?secret=1"), reply);
    assertThat(reply.error()).isEqualTo(MeshError.NO_ROUTE);
    assertThat(reply.detail()).contains("GET /b").doesNotContain("secret");
  }

  private static BackendSplit.Share share(int[] calls, int index, int weight) {
    HttpService service = (exchange, reply) -> calls[index]++;
    return new BackendSplit.Share(service, weight);
  }

  private void redirect(Optional<String> scheme, Optional<Integer> port) {
    new Redirect(
            new RouteFilter.Redirect(scheme, Optional.empty(), port, Optional.empty(), 302),
            new PathMatch.Prefix("/"))
        .handle(loop.get("/x"), reply);
  }

  private String location() {
    return String.valueOf(reply.answer().headers().get("location"));
  }
}
