package io.refmesh.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.proxy.accept.SidePort;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdminServerTest {

  private final ProxyMetrics metrics = new ProxyMetrics(Ticker.newMockTicker(), 1000);
  private final FakeState state = new FakeState();
  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final HttpClient client = HttpClient.newHttpClient();
  private final LogLevel before = LogLevel.current();
  private SidePort server;

  @BeforeEach
  void start() throws IOException {
    server =
        AdminServer.start(
            new HostPort("127.0.0.1", 0), loop, NioServerSocketChannel::new, state, metrics);
  }

  @AfterEach
  void stop() throws InterruptedException {
    before.apply();
    client.close();
    server.close();
    loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).sync();
  }

  @Test
  void isReadyOnceNothingIsMissingAndSaysWhatIsUntilThen() throws Exception {
    assertThat(send("GET", "/live", "").statusCode()).isEqualTo(200);
    assertThat(send("GET", "/ready", "").body()).isEqualTo("ready\n");

    state.notReady = List.of("certificate: none yet", "configuration: none yet");
    HttpResponse<String> answer = send("GET", "/ready", "");

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).isEqualTo("certificate: none yet\nconfiguration: none yet\n");
    assertThat(send("GET", "/live", "").statusCode()).isEqualTo(200);
  }

  @Test
  void saysWhetherTheApplicationTakesConnections() throws Exception {
    assertThat(send("GET", "/application/8080", "").statusCode()).isEqualTo(200);
    HttpResponse<String> refused = send("GET", "/application/8081", "");
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.body()).isEqualTo("connection refused: 8081\n");
    assertThat(send("GET", "/application/http", "").statusCode()).isEqualTo(404);
    assertThat(send("POST", "/application/8080", "").statusCode()).isEqualTo(404);
  }

  @Test
  @Acceptance(147)
  void servesMetricsAsTextAndCompressedWhenAsked() throws Exception {
    for (ProxyMetric metric : ProxyMetric.values()) {
      if (metric.kind() == ProxyMetric.Kind.COUNTER) {
        metrics
            .counter(metric, metric.labels().stream().map(label -> "v").toArray(String[]::new))
            .increment();
      }
    }
    HttpResponse<String> plain = send("GET", "/metrics", "");
    assertThat(plain.headers().firstValue("content-type"))
        .contains("text/plain; version=0.0.4; charset=utf-8");
    assertThat(plain.headers().firstValue("content-encoding")).isEmpty();

    HttpResponse<byte[]> packed =
        client.send(
            HttpRequest.newBuilder(uri("/metrics")).header("accept-encoding", "gzip").build(),
            HttpResponse.BodyHandlers.ofByteArray());

    assertThat(packed.headers().firstValue("content-encoding")).contains("gzip");
    String text =
        new String(
            new GZIPInputStream(new ByteArrayInputStream(packed.body())).readAllBytes(),
            StandardCharsets.UTF_8);
    assertThat(text).isEqualTo(plain.body());
  }

  @Test
  void servesTheConfigurationAsJson() throws Exception {
    HttpResponse<String> answer = send("GET", "/config", "");

    assertThat(answer.headers().firstValue("content-type")).contains("application/json");
    assertThat(answer.body()).contains("\"identity\": \"spiffe://cluster.local/ns/shop/sa/web\"");
  }

  @Test
  void readsAndChangesTheLogLevel() throws Exception {
    assertThat(send("PUT", "/log-level", "debug\n").body()).isEqualTo("debug\n");
    assertThat(send("GET", "/log-level", "").body()).isEqualTo("debug\n");

    HttpResponse<String> refused = send("PUT", "/log-level", "loud");

    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body())
        .isEqualTo("log level: loud (expected: off, error, warn, info, debug, trace)\n");
    assertThat(LogLevel.current()).isEqualTo(LogLevel.DEBUG);
  }

  @Test
  @Acceptance(142)
  void drainsWhenTold() throws Exception {
    assertThat(send("POST", "/drain", "").statusCode()).isEqualTo(202);
    assertThat(state.drains).hasValue(1);
  }

  @Test
  @Acceptance(142)
  void refusesOtherMethodsAndPathsWithWhatWasExpected() throws Exception {
    HttpResponse<String> wrongMethod = send("GET", "/drain", "");
    assertThat(wrongMethod.statusCode()).isEqualTo(405);
    assertThat(wrongMethod.headers().firstValue("allow")).contains("POST");
    assertThat(wrongMethod.body()).isEqualTo("method: GET (expected: POST)\n");
    assertThat(send("POST", "/metrics", "").statusCode()).isEqualTo(405);
    assertThat(send("GET", "/nowhere", "").body())
        .contains("/nowhere is not here (expected: one of GET /live");
    assertThat(state.drains).hasValue(0);
  }

  @Test
  @Acceptance(142)
  void takesOrdersFromLoopbackOnly() {
    assertThat(fromElsewhere(HttpMethod.POST, "/drain")).isEqualTo(HttpResponseStatus.FORBIDDEN);
    assertThat(fromElsewhere(HttpMethod.PUT, "/log-level")).isEqualTo(HttpResponseStatus.FORBIDDEN);
    assertThat(fromElsewhere(HttpMethod.GET, "/ready")).isEqualTo(HttpResponseStatus.OK);
    assertThat(state.drains).hasValue(0);
  }

  @Test
  void answersSeveralRequestsOnOneConnectionAndRefusesALargeBody() throws Exception {
    assertThat(send("PUT", "/log-level", "x".repeat(5000)).statusCode()).isEqualTo(413);
    assertThat(send("HEAD", "/live", "").statusCode()).isEqualTo(200);
  }

  @Test
  void namesTheAddressThatIsTaken() {
    assertThatThrownBy(() ->
            AdminServer.start(server.address(), loop, NioServerSocketChannel::new, state, metrics))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(server.address().toString())
        .hasMessageContaining("is something else on it?");
  }

  /** The address of an embedded channel is not of loopback. */
  private HttpResponseStatus fromElsewhere(HttpMethod method, String path) {
    EmbeddedChannel channel = new EmbeddedChannel(new AdminHandler(state, metrics));
    channel.writeInbound(new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, method, path));
    FullHttpResponse response = channel.readOutbound();
    try {
      return response.status();
    } finally {
      response.release();
      channel.finishAndReleaseAll();
    }
  }

  private URI uri(String path) {
    return URI.create("http://" + server.address() + path);
  }

  private HttpResponse<String> send(String method, String path, String body) throws Exception {
    return client.send(
        HttpRequest.newBuilder(uri(path))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void dumpsTheRecorderSinceAMomentAndOnlyErrors() throws Exception {
    assertThat(body("/recorder")).isEqualTo("1970-01-01T00:00:00Z false\n");
    assertThat(body("/recorder?since=30m&error=only")).isEqualTo("1970-01-01T00:30:00Z true\n");
    assertThat(body("/recorder?since=yesterday"))
        .isEqualTo("since: yesterday (expected: how long ago, such as 30s or 5m)\n");
    assertThat(body("/recorder?what=x"))
        .isEqualTo("parameter: what is not known (expected: since, error)\n");
  }

  private String body(String path) throws Exception {
    return client
        .send(HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private static final class FakeState implements AdminState {
    @Override
    public CompletionStage<Optional<String>> connects(int port) {
      return CompletableFuture.supplyAsync(
          () -> port == 8080 ? Optional.empty() : Optional.of("connection refused: " + port));
    }

    final AtomicInteger drains = new AtomicInteger();
    volatile List<String> notReady = List.of();

    @Override
    public List<String> notReady() {
      return notReady;
    }

    @Override
    public ConfigDump config() {
      return ConfigPageTest.sample();
    }

    @Override
    public String recorder(Instant since, boolean errorsOnly) {
      return since + " " + errorsOnly + "\n";
    }

    @Override
    public Instant now() {
      return Instant.ofEpochSecond(3_600);
    }

    @Override
    public void drain() {
      drains.incrementAndGet();
    }
  }
}
