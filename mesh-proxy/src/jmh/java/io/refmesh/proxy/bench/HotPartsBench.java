package io.refmesh.proxy.bench;

import static io.refmesh.proxy.scripted.Destinations.backend;
import static io.refmesh.proxy.scripted.Destinations.endpoints;
import static io.refmesh.proxy.scripted.Destinations.retry;
import static io.refmesh.proxy.scripted.Destinations.rule;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.HeaderMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteRule;
import io.refmesh.proxy.balance.Selection;
import io.refmesh.proxy.balance.Selector;
import io.refmesh.proxy.detect.Protocol;
import io.refmesh.proxy.detect.ProtocolDetector;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Http1Fields;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.resilience.RetryBudget;
import io.refmesh.proxy.resilience.RetryLayer;
import io.refmesh.proxy.resilience.RouteMeters;
import io.refmesh.proxy.route.RouteTable;
import io.refmesh.proxy.scripted.Destinations;
import io.refmesh.proxy.scripted.ScriptedUpstreams;
import io.refmesh.proxy.scripted.TestLoop;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * The steps that every request goes through, without sockets and on a clock that stands still.
 * Times hold on one machine only; bytes allocated per call hold on all.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "-XX:+UseSerialGC",
      "-Xms256m",
      "-Xmx256m",
      "--enable-native-access=ALL-UNNAMED",
      "--sun-misc-unsafe-memory-access=allow"
    })
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class HotPartsBench {

  private static final int RULES = 20;
  private static final int ENDPOINTS = 16;

  private final TestLoop loop = new TestLoop();

  private final ByteBuf http1 =
      bytes("GET /api/v1/items/42 HTTP/1.1\r\nhost: cart.shop:8080\r\naccept: */*\r\n\r\n");
  private final ByteBuf http2 = bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  private final ByteBuf opaque = bytes("*1\r\n$4\r\nPING\r\n");

  private final RouteTable table = new RouteTable(rules());
  private final RequestHead ofFirst = TestLoop.head("GET", "/v0/items/42?page=2", true);
  private final RequestHead ofLast =
      TestLoop.head("GET", "/v" + (RULES - 1) + "/items/42", true, "x-canary", "yes");

  private final Selector selector =
      new Selector(
          new EndpointRegistry(
                  loop.ticker, loop.random, new ScriptedUpstreams(), loop.metrics, "", "")
              .lease(backend(endpoints(ENDPOINTS))),
          BackendSettings.DEFAULT.balancer(),
          loop.random);
  private final Outcome answered = new Outcome.Answered(200, -1);

  private final HttpHeaders fieldsOfHttp1 = fieldsOfHttp1();
  private final Http2Headers fieldsOfHttp2 = Http1Fields.fromHttp1(fieldsOfHttp1);

  private final HttpService answers = (exchange, reply) -> answer(reply);
  private final HttpService answersAtOnce = retrying(answers);
  private final HttpService answersAtTheSecondTry =
      retrying((exchange, reply) -> {
        if (exchange.avoid() == null) {
          exchange.endpoint(Destinations.endpoint(0));
          reply.done(new Outcome.Failed(MeshError.CONNECT_FAILED, "", Progress.NOT_SENT));
        } else {
          answer(reply);
        }
      });

  @Benchmark
  public Optional<Protocol> detectHttp1() {
    return ProtocolDetector.peek(http1);
  }

  @Benchmark
  public Optional<Protocol> detectHttp2() {
    return ProtocolDetector.peek(http2);
  }

  @Benchmark
  public Optional<Protocol> detectOpaque() {
    return ProtocolDetector.peek(opaque);
  }

  @Benchmark
  public int matchFirstOfTwentyRules() {
    return table.match(ofFirst);
  }

  @Benchmark
  public int matchLastOfTwentyRules() {
    return table.match(ofLast);
  }

  /** Peak EWMA of two choices, the try recorded at the endpoint and in its metrics. */
  @Benchmark
  public Selection pickOneOfSixteenEndpoints() {
    Selection selection = selector.select(0, null, "default", loop.nanos());
    if (selection instanceof Selection.Chosen chosen) {
      chosen.attempt().end(answered, loop.nanos());
    }
    return selection;
  }

  @Benchmark
  public Http2Headers fieldsFromHttp1ToHttp2() {
    return Http1Fields.fromHttp1(fieldsOfHttp1);
  }

  @Benchmark
  public HttpHeaders fieldsFromHttp2ToHttp1() {
    HttpHeaders target = new DefaultHttpHeaders();
    Http1Fields.toHttp1(fieldsOfHttp2, target);
    return target;
  }

  /** What the next benches cost by themselves: an exchange and its answer. */
  @Benchmark
  public void exchangeWithoutRetryLayer(Blackhole sink) {
    answers.handle(loop.get("/"), new Ending(sink));
  }

  @Benchmark
  public void exchangeThroughRetryLayer(Blackhole sink) {
    answersAtOnce.handle(loop.get("/"), new Ending(sink));
  }

  /** With the back-off's timer, whose time the clock is moved by: no budget runs out. */
  @Benchmark
  public void exchangeAnsweredAtTheSecondTry(Blackhole sink) {
    Ending ending = new Ending(sink);
    answersAtTheSecondTry.handle(loop.get("/"), ending);
    loop.advanceMillis(200);
    if (!ending.answered) {
      throw new IllegalStateException("the second try answers (found: no answer after 200 ms)");
    }
  }

  private HttpService retrying(HttpService service) {
    RetrySettings settings = retry(1, "5xx", "connect-failure", "reset");
    return new RetryLayer(
            settings,
            new RetryBudget(settings.budget(), loop.ticker),
            loop.ticker,
            loop.random,
            new RouteMeters(loop.metrics, Destinations.CART, "default"))
        .wrap(service);
  }

  private void answer(Reply reply) {
    reply.head(new ResponseHead(200, new DefaultHttp2Headers(false), BodyPipe.empty(), true));
    reply.done(answered);
  }

  /** Takes an answer, so that nothing of it is optimised away. */
  private static final class Ending implements Reply {

    private final Blackhole sink;
    private boolean answered;

    Ending(Blackhole sink) {
      this.sink = sink;
    }

    @Override
    public void head(ResponseHead head) {
      answered = head.status() == 200;
      sink.consume(head);
    }

    @Override
    public void done(Outcome outcome) {
      sink.consume(outcome);
    }
  }

  private static ByteBuf bytes(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
  }

  /** Prefixes with a header, as a service with twenty versions has them. */
  private static List<RouteRule> rules() {
    List<RouteRule> rules = new ArrayList<>();
    for (int i = 0; i < RULES; i++) {
      List<HeaderMatch> headers =
          i == 0 ? List.of() : List.of(new HeaderMatch("x-canary", "yes", false));
      rules.add(
          rule("r" + i, new HttpMatch(new PathMatch.Prefix("/v" + i), "GET", headers, List.of())));
    }
    return rules;
  }

  /** As a browser's request carries them, names as its library writes them. */
  private static HttpHeaders fieldsOfHttp1() {
    HttpHeaders fields = new DefaultHttpHeaders();
    String[] lines = {
      "Host: cart.shop:8080",
      "Connection: keep-alive",
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
      "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
      "Accept-Encoding: gzip, deflate, br",
      "Accept-Language: en-GB,en;q=0.5",
      "Cookie: session=0123456789abcdef; theme=dark",
      "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "X-Request-Id: 7b6b7a4c-9d0e-4a68-a3f5-0d9be1f2f3c4"
    };
    for (String line : lines) {
      int colon = line.indexOf(':');
      fields.add(
          AsciiString.of(line.substring(0, colon)), AsciiString.of(line.substring(colon + 2)));
    }
    return fields;
  }
}
