package io.refmesh.proxy.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Decisions;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class FlightRecorderTest {

  private static final DefaultEventLoop LOOP = new DefaultEventLoop();
  private static final EndpointSpec BAD = endpoint("127.1.4.1");
  private static final EndpointSpec GOOD = endpoint("127.1.4.2");

  private final MockTicker ticker = Ticker.newMockTicker();
  private final ProxyMetrics metrics = new ProxyMetrics(ticker, 1000);
  private long nowMillis = Instant.parse("2030-01-01T00:00:10Z").toEpochMilli();

  private final FlightRecorder recorder =
      new FlightRecorder(
          20_000,
          1,
          new Redaction(Set.of("token"), Set.of()),
          () -> Instant.ofEpochMilli(nowMillis),
          metrics);

  @AfterAll
  static void stop() {
    LOOP.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }

  @Test
  void tellsWhatWasDecidedAboutAnExchange() {
    run(
        "/items?token=hunter2",
        (exchange, reply) -> {
          exchange.route("shop/cart/0");
          exchange.backend("shop/cart:8080");
          exchange.decisions().authorized("allow", "default:all-unauthenticated");
          exchange.beginTry();
          exchange.endpoint(BAD);
          exchange
              .decisions()
              .failedTry(new Decisions.FailedTry(1, BAD, "503", "5xx", true, 25_000_000));
          exchange.decisions().ejected(BAD);
          exchange.beginTry();
          exchange.endpoint(GOOD);
          ticker.advance(30, TimeUnit.MILLISECONDS);
          reply.head(new ResponseHead(200, new DefaultHttp2Headers(), BodyPipe.empty(), true));
          ticker.advance(10, TimeUnit.MILLISECONDS);
          reply.done(new Outcome.Answered(200, -1));
        });

    assertThat(recorder.dump(FlightRecorder.Filter.ALL))
        .isEqualTo(
            "{\"time\":\"2030-01-01T00:00:09.960Z\",\"direction\":\"outbound\",\"client\":\"127.0.0.1:5000\","
                + "\"method\":\"GET\",\"authority\":\"cart.shop\",\"path\":\"/items?token=REDACTED\","
                + "\"route\":\"shop/cart/0\",\"backend\":\"shop/cart:8080\",\"endpoint\":\"127.1.4.2:8080\",\"authorization\":\"allow\",\"policy\":\"default:all-unauthenticated\",\"status\":\"200\",\"ejected\":\"127.1.4.1:8080\",\"tries\":2,\"failed_tries\":[{\"try\":1,\"endpoint\":\"127.1.4.1:8080\",\"failure\":\"503\",\"retried_because\":\"5xx\",\"after_ms\":25.0}],\"request_bytes\":0,\"response_bytes\":0,\"head_ms\":30.0,\"total_ms\":40.0}\n");
  }

  @Test
  void tellsWhyAnExchangeFailed() {
    run(
        "/",
        (exchange, reply) ->
            reply.done(
                Outcome.Failed.before(MeshError.NO_ENDPOINTS, "shop/cart:8080 has no endpoint")));

    assertThat(recorder.dump(FlightRecorder.Filter.ALL))
        .contains(
            "\"status\":\"503\"",
            "\"error\":\"no-endpoints\"",
            "\"detail\":\"shop/cart:8080 has no endpoint\"");
  }

  @Test
  void showsOnlyWhatIsAskedFor() {
    run("/old", FlightRecorderTest::answer);
    nowMillis += 60_000;
    run("/good", FlightRecorderTest::answer);
    run("/bad", (exchange, reply) -> reply.done(Outcome.Failed.before(MeshError.OVERLOADED, "")));

    String since =
        recorder.dump(new FlightRecorder.Filter(Instant.ofEpochMilli(nowMillis - 1_000), false));
    assertThat(since.lines()).hasSize(2);
    assertThat(recorder.dump(new FlightRecorder.Filter(Instant.EPOCH, true)).lines())
        .singleElement()
        .asString()
        .contains("/bad");
  }

  @Test
  void keepsTheLatestWithinItsBytesAndCountsWhatItForgets() {
    for (int i = 0; i < 1_000; i++) {
      run("/" + i, FlightRecorderTest::answer);
    }

    List<String> lines = recorder.dump(FlightRecorder.Filter.ALL).lines().toList();
    assertThat(lines).hasSizeBetween(80, 300);
    assertThat(lines.getLast()).contains("\"path\":\"/999\"");
    assertThat(lines.getFirst()).contains("\"path\":\"/" + (1_000 - lines.size()) + "\"");
    assertThat(metrics.counter(ProxyMetric.RECORDER_OVERWRITTEN_TOTAL).value())
        .isEqualTo(1_000 - lines.size());
  }

  @Test
  void cutsWhatPeersMakeLong() {
    run(
        "/" + "x".repeat(60_000),
        (exchange, reply) -> {
          for (int i = 0; i < 30; i++) {
            exchange
                .decisions()
                .failedTry(
                    new Decisions.FailedTry(i, BAD, "y".repeat(5_000), "z".repeat(5_000), true, 1));
          }
          answer(exchange, reply);
        });
    run("/after", FlightRecorderTest::answer);

    assertThat(recorder.dump(FlightRecorder.Filter.ALL).lines()).hasSize(2);
    assertThat(recorder.dump(FlightRecorder.Filter.ALL)).contains("/after").hasSizeLessThan(16_000);
  }

  private static void answer(Exchange exchange, Reply reply) {
    reply.head(new ResponseHead(200, new DefaultHttp2Headers(), BodyPipe.empty(), true));
    reply.done(new Outcome.Answered(200, -1));
  }

  private void run(String path, HttpService service) {
    RequestHead head =
        new RequestHead(
            RequestHead.Version.HTTP_1_1,
            "GET",
            "http",
            "cart.shop",
            path,
            new DefaultHttp2Headers(false),
            true);
    Caller caller =
        new Caller(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 5000), Optional.empty(), false);
    new RequestMetricsLayer(
            new RequestTarget.Outbound(new ServicePort("shop", "cart", 8080)),
            metrics,
            ticker,
            List.of(recorder))
        .wrap(service)
        .handle(
            new Exchange(LOOP, caller, head, BodyPipe.empty(), ticker.nanoTime()),
            new Reply() {
              @Override
              public void head(ResponseHead ignored) {}

              @Override
              public void done(Outcome ignored) {}
            });
  }

  private static EndpointSpec endpoint(String host) {
    return new EndpointSpec(
        new HostPort(host, 8080),
        new HostPort(host, 8080),
        Optional.empty(),
        "",
        1,
        true,
        "shop/cart",
        0);
  }
}
