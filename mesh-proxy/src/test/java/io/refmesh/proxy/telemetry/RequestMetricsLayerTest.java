package io.refmesh.proxy.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultEventLoop;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class RequestMetricsLayerTest {

  private static final DefaultEventLoop LOOP = new DefaultEventLoop();
  private static final SpiffeId WEB = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/web");
  private static final SpiffeId CART = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart");
  private static final RequestTarget OUTBOUND =
      new RequestTarget.Outbound(new ServicePort("shop", "cart", 8080));
  private static final RequestTarget INBOUND =
      new RequestTarget.Inbound(
          "shop", "cart", "8080", "cart", 1, CART, new HostPort("127.1.4.2", 8080));
  private static final EndpointSpec ENDPOINT =
      new EndpointSpec(
          new HostPort("127.1.4.1", 8080),
          new HostPort("127.0.0.1", 8666),
          Optional.of(CART),
          "a",
          1,
          true,
          "shop/cart",
          0);

  private final MockTicker ticker = Ticker.newMockTicker();
  private final ProxyMetrics metrics = new ProxyMetrics(ticker, 1000);
  private final List<Object> climbed = new ArrayList<>();

  @AfterAll
  static void stop() {
    LOOP.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }

  @Test
  void countsTheRequestBeforeItIsHandledAndTheResponseBeforeItClimbsOn() {
    Exchange exchange = exchange("GET", "cart.shop:8080", false);
    List<Reply> held = new ArrayList<>();
    run(OUTBOUND, exchange, (e, reply) -> held.add(reply));
    assertThat(page("request_total")).hasSize(1).first().asString().endsWith(" 1.0");
    assertThat(page("response_total")).isEmpty();

    held.getFirst().head(head(200));
    exchange.beginTry();
    exchange.endpoint(ENDPOINT);
    exchange.route("shop/cart/0");
    ticker.advance(7, TimeUnit.MILLISECONDS);
    held.getFirst().done(new Outcome.Answered(200, -1));

    assertThat(page("response_total"))
        .containsExactly(
            "response_total{authority=\"cart.shop:8080\",classification=\"success\",client_id=\"\",direction=\"outbound\","
                + "dst_deployment=\"cart\",dst_namespace=\"shop\",dst_pod=\"cart-0\",dst_port=\"8080\",dst_service=\"cart\","
                + "error=\"\",grpc_status=\"\",route_name=\"shop/cart/0\","
                + "server_id=\"spiffe://cluster.local/ns/shop/sa/cart\",status_code=\"200\",target_addr=\"127.1.4.1:8080\",tls=\"true\"}"
                + " 1.0");
    assertThat(page("response_latency_ms_sum")).first().asString().endsWith(" 7.0");
    assertThat(climbed).hasSize(2).last().isEqualTo(new Outcome.Answered(200, -1));
  }

  @Test
  @Acceptance(145)
  void putsEachRequestIntoEveryBucketFromItsLatencyUp() {
    HttpService slow =
        (exchange, reply) -> {
          ticker.advance(500, TimeUnit.MILLISECONDS);
          answering(200, new Outcome.Answered(200, -1)).handle(exchange, reply);
        };
    run(OUTBOUND, exchange("GET", "cart", false), slow);
    assertThat(bucket("50")).isEqualTo(0);
    assertThat(bucket("1000")).isEqualTo(1);

    HttpService quick =
        (exchange, reply) -> {
          ticker.advance(40, TimeUnit.MILLISECONDS);
          answering(200, new Outcome.Answered(200, -1)).handle(exchange, reply);
        };
    run(OUTBOUND, exchange("GET", "cart", false), quick);
    assertThat(bucket("50")).isEqualTo(1);
    assertThat(bucket("1000")).isEqualTo(2);
    assertThat(page("response_latency_ms_count")).first().asString().endsWith(" 2");
  }

  @Test
  void theLatencyOfAnAnswerEndsWithTheFirstByteOfItsBody() {
    HttpService streaming =
        (exchange, reply) -> {
          BodyPipe body = new BodyPipe(NOBODY);
          ResponseHead head = new ResponseHead(200, new DefaultHttp2Headers(false), body, false);
          ticker.advance(4, TimeUnit.MILLISECONDS);
          reply.head(head);
          ticker.advance(10, TimeUnit.MILLISECONDS);
          body.data(Unpooled.wrappedBuffer(new byte[10]));
          ticker.advance(70, TimeUnit.SECONDS);
          body.data(Unpooled.wrappedBuffer(new byte[10]));
          body.end(null);
          reply.done(new Outcome.Answered(200, -1));
        };
    run(OUTBOUND, exchange("GET", "cart", false), streaming);
    assertThat(page("response_latency_ms_sum")).first().asString().endsWith(" 14.0");

    HttpService whole =
        (exchange, reply) -> {
          BodyPipe body = new BodyPipe(NOBODY);
          ResponseHead head = new ResponseHead(200, new DefaultHttp2Headers(false), body, false);
          body.data(Unpooled.wrappedBuffer(new byte[10]));
          body.end(null);
          ticker.advance(2, TimeUnit.MILLISECONDS);
          reply.head(head);
          ticker.advance(50, TimeUnit.MILLISECONDS);
          reply.done(new Outcome.Answered(200, -1));
        };
    run(OUTBOUND, exchange("GET", "cart", false), whole);
    assertThat(page("response_latency_ms_sum")).first().asString().endsWith(" 16.0");
  }

  @Test
  void namesTheOwnWorkloadAndTheCallerInbound() {
    run(INBOUND, exchange("GET", "cart", true), answering(200, new Outcome.Answered(200, -1)));

    assertThat(page("request_total"))
        .first()
        .asString()
        .contains("client_id=\"" + WEB + "\"", "tls=\"true\"");
    assertThat(page("response_total"))
        .first()
        .asString()
        .contains(
            "direction=\"inbound\"",
            "dst_pod=\"cart-1\"",
            "server_id=\"" + CART + "\"",
            "target_addr=\"127.1.4.2:8080\"");
  }

  @Test
  void countsAnErrorOfOursWithTheStatusThatTheCallerGets() {
    run(OUTBOUND, exchange("GET", "cart", false), failing(MeshError.NO_ENDPOINTS));

    assertThat(page("response_total"))
        .first()
        .asString()
        .contains(
            "classification=\"failure\"",
            "error=\"no-endpoints\"",
            "status_code=\"503\"",
            "target_addr=\"\"");
  }

  @Test
  void countsAnErrorOfOursForGrpcWithItsGrpcStatus() {
    Exchange exchange = exchange("POST", "cart", false);
    exchange.request().headers().set("content-type", "application/grpc+proto");
    run(OUTBOUND, exchange, failing(MeshError.REQUEST_TIMEOUT));

    assertThat(page("response_total"))
        .first()
        .asString()
        .contains("grpc_status=\"4\"", "status_code=\"200\"", "classification=\"failure\"");
  }

  @Test
  void countsACutBodyAsAFailureWithTheStatusOfItsHead() {
    run(
        OUTBOUND,
        exchange("GET", "cart", false),
        answering(
            200, new Outcome.Failed(MeshError.UPSTREAM_RESET, "", Outcome.Progress.HEAD_RECEIVED)));

    assertThat(page("response_total"))
        .first()
        .asString()
        .contains("classification=\"failure\"", "error=\"upstream-reset\"", "status_code=\"200\"");
  }

  @Test
  void countsACallerWhoWentAway() {
    run(
        OUTBOUND,
        exchange("GET", "cart", false),
        (exchange, reply) -> reply.done(new Outcome.CallerGone(Outcome.Progress.SENT)));

    assertThat(page("response_total"))
        .first()
        .asString()
        .contains("classification=\"failure\"", "error=\"caller-gone\"", "status_code=\"\"");
  }

  @Test
  void countsFailuresByStatusAndGrpcStatus() {
    run(OUTBOUND, exchange("GET", "cart", false), answering(503, new Outcome.Answered(503, -1)));
    run(OUTBOUND, exchange("GET", "cart", false), answering(404, new Outcome.Answered(404, -1)));
    run(OUTBOUND, exchange("GET", "cart", false), answering(200, new Outcome.Answered(200, 14)));
    run(OUTBOUND, exchange("GET", "cart", false), answering(200, new Outcome.Answered(200, 0)));

    assertThat(page("response_total").stream().filter(line -> line.contains("\"failure\"")))
        .hasSize(2);
    assertThat(page("response_total").stream().filter(line -> line.contains("\"success\"")))
        .hasSize(2);
  }

  @Test
  void tellsTheErrorThatTheFarSidecarAnsweredWithButBelievesNoApplication() {
    HttpService denied =
        (exchange, reply) -> {
          exchange.endpoint(ENDPOINT);
          ResponseHead head = head(403);
          head.headers().set("x-mesh-error", "denied");
          reply.head(head);
          reply.done(new Outcome.Answered(403, -1));
        };
    run(OUTBOUND, exchange("GET", "cart", false), denied);
    run(INBOUND, exchange("GET", "cart", true), denied);

    assertThat(page("response_total"))
        .anyMatch(line -> line.contains("outbound") && line.contains("error=\"denied\""));
    assertThat(page("response_total"))
        .anyMatch(line -> line.contains("inbound") && line.contains("error=\"\""));
  }

  @Test
  void boundsTheNamesThatClientsInvent() {
    HttpService service =
        new RequestMetricsLayer(OUTBOUND, metrics, ticker, List.of())
            .wrap(failing(MeshError.NO_ROUTE));
    for (int i = 0; i < 200; i++) {
      service.handle(exchange("GET", "Name" + i, false), recording());
    }

    assertThat(page("request_total"))
        .hasSize(65)
        .anyMatch(line -> line.contains("authority=\"other\""));
    assertThat(page("request_total")).noneMatch(line -> line.contains("authority=\"Name"));
  }

  @Test
  @Acceptance(154)
  void writesALinePerExchangeAsJson() {
    assertThat(logged(AccessLog.Format.JSON))
        .isEqualTo(
            "{\"client.addr\":\"127.0.0.1:5000\",\"client.id\":\"\",\"timestamp\":\"2030-01-01T00:00:00.000100Z\","
                + "\"method\":\"POST\",\"uri\":\"/items?secret=REDACTED&page=2\",\"version\":\"HTTP/1.1\","
                + "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"request_bytes\":3,\"status\":200,"
                + "\"response_bytes\":5,\"total_ns\":12500000,\"processing_ns\":12500000,\"user_agent\":\"curl/8\",\"host\":\"cart"
                + " \\\"x\\\"\",\"direction\":\"outbound\",\"grpc_status\":\"\",\"route\":\"shop/cart/0\",\"endpoint\":\"127.1.4.1:8080\",\"tries\":2,\"error\":\"\"}\n");
  }

  @Test
  void writesALinePerExchangeAsText() {
    assertThat(logged(AccessLog.Format.TEXT))
        .isEqualTo(
            "client.addr=127.0.0.1:5000 client.id=- timestamp=2030-01-01T00:00:00.000100Z"
                + " method=POST uri=/items?secret=REDACTED&page=2 version=HTTP/1.1"
                + " trace_id=4bf92f3577b34da6a3ce929d0e0e4736 request_bytes=3 status=200"
                + " response_bytes=5 total_ns=12500000 processing_ns=12500000 user_agent=curl/8"
                + " host=\"cart \\\"x\\\"\" direction=outbound grpc_status=- route=shop/cart/0"
                + " endpoint=127.1.4.1:8080 tries=2 error=-\n");
  }

  @Test
  void countsAndWritesARequestThatWasRefusedAndHandsItOnToNobody() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (AccessLog log = log(AccessLog.Format.JSON, out).start()) {
      new RequestMetricsLayer(INBOUND, metrics, ticker, List.of(log))
          .wrap((exchange, reply) -> {
            throw new AssertionError("it goes no further");
          })
          .refused(
              exchange("GET", "cart", false),
              recording(),
              Outcome.Failed.before(MeshError.BAD_REQUEST, "as the test says"));
    }

    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("\"status\":400", "\"error\":\"bad-request\"", "\"direction\":\"inbound\"");
    assertThat(page("refused_total")).singleElement().asString().contains("bad-request", "inbound");
    assertThat(page("request_total")).isEmpty();
    assertThat(climbed).hasSize(1);
  }

  @Test
  void dropsLinesBeyondTheRateAndCountsThem() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (AccessLog log = log(AccessLog.Format.TEXT, out).start()) {
      RequestMetricsLayer layer = new RequestMetricsLayer(OUTBOUND, metrics, ticker, List.of(log));
      for (int i = 0; i < 2_100; i++) {
        layer.wrap(failing(MeshError.NO_ROUTE)).handle(exchange("GET", "cart", false), recording());
      }
      ticker.advance(1, TimeUnit.SECONDS);
      layer.wrap(failing(MeshError.NO_ROUTE)).handle(exchange("GET", "cart", false), recording());
    }

    assertThat(out.toString(StandardCharsets.UTF_8).lines()).hasSize(2_001);
    assertThat(metrics.counter(ProxyMetric.ACCESS_LOG_DROPPED_TOTAL).value()).isEqualTo(100);
  }

  private AccessLog log(AccessLog.Format format, ByteArrayOutputStream out) {
    return new AccessLog(
        format,
        AccessLog.LINES_PER_SECOND,
        new Redaction(Set.of("secret"), Set.of()),
        out,
        ticker,
        InstantSource.fixed(Instant.parse("2030-01-01T00:00:00.012600Z")),
        metrics);
  }

  private String logged(AccessLog.Format format) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (AccessLog log = log(format, out).start()) {
      Exchange exchange = exchange("POST", "cart \"x\"", false);
      exchange
          .request()
          .headers()
          .set("user-agent", "curl/8")
          .set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
      exchange.body().data(Unpooled.wrappedBuffer(new byte[3]));
      new RequestMetricsLayer(OUTBOUND, metrics, ticker, List.of(log))
          .wrap((e, reply) -> {
            e.beginTry();
            e.beginTry();
            e.endpoint(ENDPOINT);
            e.route("shop/cart/0");
            ResponseHead head = head(200);
            reply.head(head);
            if (head.body() != null) {
              head.body().data(Unpooled.wrappedBuffer(new byte[5]));
            }
            ticker.advance(12_500, TimeUnit.MICROSECONDS);
            reply.done(new Outcome.Answered(200, -1));
          })
          .handle(exchange, recording());
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  private void run(RequestTarget target, Exchange exchange, HttpService service) {
    new RequestMetricsLayer(target, metrics, ticker, List.of())
        .wrap(service)
        .handle(exchange, recording());
  }

  private Exchange exchange(String method, String authority, boolean meshed) {
    Http2Headers headers = new DefaultHttp2Headers(false);
    RequestHead head =
        new RequestHead(
            RequestHead.Version.HTTP_1_1,
            method,
            "http",
            authority,
            "/items?secret=1&page=2",
            headers,
            true);
    Caller caller =
        new Caller(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 5000),
            meshed ? Optional.of(WEB) : Optional.empty(),
            meshed);
    return new Exchange(LOOP, caller, head, new BodyPipe(NOBODY), ticker.nanoTime());
  }

  private static ResponseHead head(int status) {
    return new ResponseHead(status, new DefaultHttp2Headers(false), new BodyPipe(NOBODY), false);
  }

  private static HttpService answering(int status, Outcome outcome) {
    return (exchange, reply) -> {
      reply.head(head(103));
      reply.head(head(status));
      reply.done(outcome);
    };
  }

  private static HttpService failing(MeshError error) {
    return (exchange, reply) -> reply.done(Outcome.Failed.before(error, "as the test says"));
  }

  private Reply recording() {
    return new Reply() {
      @Override
      public void head(ResponseHead head) {
        climbed.add(head);
      }

      @Override
      public void done(Outcome outcome) {
        climbed.add(outcome);
      }
    };
  }

  private long bucket(String bound) {
    return page("response_latency_ms_bucket").stream()
        .filter(line -> line.contains("le=\"" + bound + "\""))
        .mapToLong(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private List<String> page(String name) {
    return metrics.scrape().lines().filter(line -> line.startsWith(name + "{")).toList();
  }

  private static final BodyPipe.Source NOBODY =
      new BodyPipe.Source() {
        @Override
        public void consumed(int bytes) {}

        @Override
        public void abandoned() {}
      };
}
