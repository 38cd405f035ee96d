package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.wire.v1.TapEvent;
import io.refmesh.model.wire.v1.TapGrpc;
import io.refmesh.model.wire.v1.TapRequest;
import io.refmesh.testkit.TestCa;
import io.refmesh.testkit.acceptance.Acceptance;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Live requests of a pair of sidecars, asked for with the client that gRPC makes. */
class TapThroughSidecarsTest {

  private final TestMesh mesh = new TestMesh();
  private final TestApplication application = new TestApplication();
  private final List<ManagedChannel> channels = new ArrayList<>();
  private TestMesh.Sidecar cart;
  private TestMesh.Sidecar web;
  private HostPort listen;

  @BeforeEach
  void start() {
    mesh.telemetry =
        new TelemetryConfig(
            TelemetryConfig.AccessLogging.OFF,
            100,
            Set.of("token"),
            Set.of("x-secret"),
            0,
            Optional.empty(),
            0,
            Optional.of(new HostPort("127.0.0.1", 0)),
            Set.of(TestMesh.identity("tap")));
    application.behave(exchange -> {
      exchange.getRequestBody().readAllBytes();
      int status = exchange.getRequestURI().getPath().equals("/bad") ? 500 : 200;
      exchange.getResponseHeaders().add("x-answer", "42");
      exchange.sendResponseHeaders(status, 5);
      exchange.getResponseBody().write("hello".getBytes(StandardCharsets.US_ASCII));
      exchange.close();
    });
    cart = mesh.of("cart", application.address(), AppProtocol.HTTP).start();
    web = mesh.caller("web").start();
    listen =
        web.calls(
            TestMesh.destination(
                cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint())));
  }

  @AfterEach
  void stop() {
    channels.forEach(ManagedChannel::shutdownNow);
    mesh.close();
    application.close();
  }

  @Test
  @Acceptance(151)
  void tellsRequestResponseAndEndWithIdsThatMatch() throws Exception {
    CompletableFuture<List<TapEvent>> inbound =
        watch(cart, "tap", TapRequest.newBuilder().setMaxPerSecond(100).setMaxRequests(2));
    CompletableFuture<List<TapEvent>> outbound =
        watch(web, "tap", TapRequest.newBuilder().setMaxPerSecond(100).setMaxRequests(2));

    call("/items?token=hunter2&page=1");
    call("/bad");

    List<TapEvent> seen = inbound.get(5, TimeUnit.SECONDS);
    assertThat(seen).hasSize(6);
    for (int request = 0; request < 2; request++) {
      List<TapEvent> own = seen.subList(3 * request, 3 * request + 3);
      assertThat(own).extracting(TapEvent::getId).containsOnly(own.getFirst().getId());
      assertThat(own)
          .extracting(TapEvent::getEventCase)
          .containsExactly(
              TapEvent.EventCase.REQUEST, TapEvent.EventCase.RESPONSE, TapEvent.EventCase.END);
    }
    assertThat(seen.get(0).getId()).isNotEqualTo(seen.get(3).getId());
    TapEvent.RequestInit request = seen.getFirst().getRequest();
    assertThat(request.getDirection()).isEqualTo("inbound");
    assertThat(request.getMethod()).isEqualTo("GET");
    assertThat(request.getPath()).isEqualTo("/items?token=REDACTED&page=1");
    assertThat(request.getClientIdentity()).isEqualTo(TestMesh.identity("web").uri());
    assertThat(header(request.getHeadersList(), "authorization")).isEqualTo("REDACTED");
    assertThat(header(request.getHeadersList(), "x-secret")).isEqualTo("REDACTED");
    assertThat(header(request.getHeadersList(), "x-open")).isEqualTo("yes");
    assertThat(seen.get(1).getResponse().getStatus()).isEqualTo(200);
    assertThat(header(seen.get(1).getResponse().getHeadersList(), "x-answer")).isEqualTo("42");
    assertThat(seen.get(2).getEnd().getResponseBytes()).isEqualTo(5);
    assertThat(seen.get(4).getResponse().getStatus()).isEqualTo(500);

    List<TapEvent> called = outbound.get(5, TimeUnit.SECONDS);
    assertThat(called).hasSize(6);
    assertThat(called.get(2).getEnd().getEndpointIdentity())
        .isEqualTo(TestMesh.identity("cart").uri());
    assertThat(cart.count("tap_requests_total", "told")).isEqualTo(2);
  }

  @Test
  @Acceptance(151)
  void refusesWhoHasNotTheIdentityThatMayTap() {
    CompletableFuture<List<TapEvent>> refused =
        watch(cart, "web", TapRequest.newBuilder().setMaxPerSecond(1));

    assertThatThrownBy(() -> refused.get(5, TimeUnit.SECONDS))
        .hasCauseInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("PERMISSION_DENIED")
        .hasMessageContaining(TestMesh.identity("web") + " may not tap");
  }

  @Test
  void refusesACallerWhoseCertificateIsNotOfTheMesh() {
    TestCa other = new TestCa("other root");
    CompletableFuture<List<TapEvent>> refused =
        watch(
            cart,
            other.leaf(TestMesh.identity("tap").uri()),
            TapRequest.newBuilder().setMaxPerSecond(1));

    assertThatThrownBy(() -> refused.get(5, TimeUnit.SECONDS))
        .hasCauseInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("UNAVAILABLE");
  }

  @Test
  void refusesATapWithoutLimitAndFiltersThatMeanNothing() {
    for (TapRequest.Builder request :
        List.of(
            TapRequest.newBuilder(),
            TapRequest.newBuilder().setMaxPerSecond(1).setDirection("sideways"),
            TapRequest.newBuilder().setMaxPerSecond(1).setStatusClass(9),
            TapRequest.newBuilder().setMaxPerSecond(1).setPeer("web"))) {
      assertThatThrownBy(() -> watch(cart, "tap", request).get(5, TimeUnit.SECONDS))
          .hasMessageContaining("INVALID_ARGUMENT");
    }
  }

  @Test
  void tellsOnlyWhatTheFiltersLetThrough() throws Exception {
    CompletableFuture<List<TapEvent>> bad =
        watch(
            web,
            "tap",
            TapRequest.newBuilder()
                .setMaxPerSecond(100)
                .setMaxRequests(1)
                .setMethod("get")
                .setPathPrefix("/b")
                .setStatusClass(5)
                .setPeer(TestMesh.identity("cart").uri()));
    call("/items");
    call("/better");
    call("/bad");

    List<TapEvent> seen = bad.get(5, TimeUnit.SECONDS);
    assertThat(seen).hasSize(3);
    assertThat(seen.getFirst().getRequest().getPath()).isEqualTo("/bad");
    assertThat(seen.getFirst().getId()).isEqualTo(seen.getLast().getId());
  }

  private void call(String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      client.send(
          HttpRequest.newBuilder(URI.create("http://" + listen + path))
              .version(HttpClient.Version.HTTP_1_1)
              .header("authorization", "Bearer hunter2")
              .header("x-secret", "hunter2")
              .header("x-open", "yes")
              .build(),
          HttpResponse.BodyHandlers.discarding());
    }
  }

  private CompletableFuture<List<TapEvent>> watch(
      TestMesh.Sidecar sidecar, String account, TapRequest.Builder request) {
    return watch(sidecar, mesh.ca.leaf(TestMesh.identity(account).uri()), request);
  }

  /** Completes with every event when the stream ends; the tap is in place when this returns. */
  private CompletableFuture<List<TapEvent>> watch(
      TestMesh.Sidecar sidecar, TestCa.Leaf leaf, TapRequest.Builder request) {
    ManagedChannel channel = channel(sidecar, leaf);
    CompletableFuture<List<TapEvent>> all = new CompletableFuture<>();
    CompletableFuture<Void> begun = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          List<TapEvent> events = new ArrayList<>();
          try {
            Iterator<TapEvent> stream = TapGrpc.newBlockingStub(channel).watch(request.build());
            while (stream.hasNext()) {
              events.add(stream.next());
            }
            all.complete(events);
          } catch (StatusRuntimeException e) {
            all.completeExceptionally(e);
          } finally {
            begun.complete(null);
          }
        });
    Eventually.holds(() -> begun.isDone() || sidecar.count("tap_watching") == 1);
    return all;
  }

  private ManagedChannel channel(TestMesh.Sidecar sidecar, TestCa.Leaf leaf) {
    HostPort address = sidecar.proxy.tapAddress().orElseThrow();
    try {
      ManagedChannel channel =
          NettyChannelBuilder.forAddress(address.host(), address.port())
              .sslContext(
                  SslContextBuilder.forClient()
                      .sslProvider(SslProvider.OPENSSL)
                      .protocols("TLSv1.3")
                      .trustManager(InsecureTrustManagerFactory.INSTANCE)
                      .endpointIdentificationAlgorithm(null)
                      .keyManager(leaf.key(), leaf.chain().toArray(X509Certificate[]::new))
                      .applicationProtocolConfig(
                          new ApplicationProtocolConfig(
                              ApplicationProtocolConfig.Protocol.ALPN,
                              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                              "refmesh/h2",
                              "h2"))
                      .build())
              .build();
      channels.add(channel);
      return channel;
    } catch (SSLException e) {
      throw new AssertionError(e);
    }
  }

  private static String header(List<TapEvent.Header> headers, String name) {
    return headers.stream()
        .filter(header -> header.getName().equals(name))
        .map(TapEvent.Header::getValue)
        .findFirst()
        .orElse("");
  }
}
