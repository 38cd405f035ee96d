package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Spans of a pair of sidecars at a collector that understands the whole of OTLP. */
class TracesThroughSidecarsTest {

  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String PARENT = "00f067aa0ba902b7";

  private final TestMesh mesh = new TestMesh();
  private final TestApplication application = new TestApplication();
  private final List<String> traceparents = new CopyOnWriteArrayList<>();
  private final List<ResourceSpans> collected = new CopyOnWriteArrayList<>();
  private long refuse;
  private @Nullable Server collector;

  // Set by start, the first thing that every test does.
  @SuppressWarnings("NullAway.Init")
  private TestMesh.Sidecar cart;

  @SuppressWarnings("NullAway.Init")
  private TestMesh.Sidecar web;

  @SuppressWarnings("NullAway.Init")
  private HostPort listen;

  private void start(int collectorPort, double samplePercent) {
    mesh.telemetry =
        new TelemetryConfig(
            TelemetryConfig.AccessLogging.OFF,
            100,
            Set.of("token"),
            Set.of(),
            0,
            Optional.of(URI.create("http://127.0.0.1:" + collectorPort)),
            samplePercent,
            Optional.empty(),
            Set.of());
    application.behave(exchange -> {
      traceparents.add(
          String.valueOf(exchange.getRequestHeaders().getFirst("traceparent"))
              + " "
              + exchange.getRequestHeaders().getFirst("tracestate"));
      exchange.sendResponseHeaders(
          exchange.getRequestURI().getPath().equals("/bad") ? 500 : 204, -1);
      exchange.close();
    });
    cart = mesh.of("cart", application.address(), AppProtocol.HTTP).start();
    web = mesh.caller("web").start();
    listen =
        web.calls(
            TestMesh.destination(
                cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint())));
  }

  private int collector() throws IOException {
    Server started =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .addService(
                new TraceServiceGrpc.TraceServiceImplBase() {
                  @Override
                  public void export(
                      ExportTraceServiceRequest request,
                      StreamObserver<ExportTraceServiceResponse> responses) {
                    collected.addAll(request.getResourceSpansList());
                    responses.onNext(
                        ExportTraceServiceResponse.newBuilder()
                            .setPartialSuccess(
                                ExportTracePartialSuccess.newBuilder().setRejectedSpans(refuse))
                            .build());
                    responses.onCompleted();
                  }
                })
            .build()
            .start();
    collector = started;
    return started.getPort();
  }

  @AfterEach
  void stop() {
    mesh.close();
    application.close();
    if (collector != null) {
      collector.shutdownNow();
    }
  }

  @Test
  @Acceptance(153)
  void aSampledTraceGetsOneSpanAtEachSidecarWithTheRightParent() throws Exception {
    start(collector(), 0);

    call("/items?token=hunter2&page=2", "00-" + TRACE + "-" + PARENT + "-01", "vendor=1");

    Eventually.holds(() -> spans().size() == 2);
    Span outbound = span(Span.SpanKind.SPAN_KIND_CLIENT);
    Span inbound = span(Span.SpanKind.SPAN_KIND_SERVER);
    assertThat(hex(outbound.getTraceId().toByteArray())).isEqualTo(TRACE);
    assertThat(hex(inbound.getTraceId().toByteArray())).isEqualTo(TRACE);
    assertThat(hex(outbound.getParentSpanId().toByteArray())).isEqualTo(PARENT);
    assertThat(inbound.getParentSpanId()).isEqualTo(outbound.getSpanId());
    assertThat(outbound.getTraceState()).isEqualTo("vendor=1");
    // The application's own spans go below the inbound one.
    assertThat(traceparents)
        .containsExactly(
            "00-" + TRACE + "-" + hex(inbound.getSpanId().toByteArray()) + "-01 vendor=1");
    assertThat(attribute(outbound, "http.request.method")).isEqualTo("GET");
    assertThat(attribute(outbound, "url.path")).isEqualTo("/items");
    assertThat(attribute(outbound, "url.query")).isEqualTo("token=REDACTED&page=2");
    assertThat(attribute(outbound, "server.address")).isEqualTo("cart");
    assertThat(attribute(inbound, "http.response.status_code")).isEqualTo("204");
    assertThat(attribute(inbound, "refmesh.client.identity"))
        .isEqualTo(TestMesh.identity("web").uri());
    assertThat(outbound.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_UNSET);
    assertThat(outbound.getEndTimeUnixNano()).isGreaterThan(outbound.getStartTimeUnixNano());
    assertThat(collected)
        .extracting(spans -> value(spans.getResource().getAttributesList(), "service.name"))
        .containsExactlyInAnyOrder("web", "cart");
    Eventually.holds(() -> web.count("trace_spans_total", "exported") == 1);
  }

  @Test
  @Acceptance(153)
  void anUnsampledTracePassesUnchangedAndGetsNoSpan() throws Exception {
    start(collector(), 100);

    call("/", "00-" + TRACE + "-" + PARENT + "-00", "vendor=1");
    call("/", "00-" + TRACE + "-" + PARENT + "-01", "vendor=1");

    Eventually.holds(() -> spans().size() == 2);
    assertThat(traceparents.getFirst()).isEqualTo("00-" + TRACE + "-" + PARENT + "-00 vendor=1");
    // Both are of the second call.
    Eventually.holds(() -> web.count("trace_spans_total", "exported") == 1);
  }

  @Test
  void aFailureIsAnErrorInBothSpans() throws Exception {
    start(collector(), 0);

    call("/bad", "00-" + TRACE + "-" + PARENT + "-01", "vendor=1");

    Eventually.holds(() -> spans().size() == 2);
    assertThat(spans())
        .allMatch(span -> span.getStatus().getCode() == Status.StatusCode.STATUS_CODE_ERROR)
        .allMatch(span -> attribute(span, "error.type").equals("500"));
  }

  @Test
  void aRequestWithoutTraceBeginsOneWhenTheProxySamples() throws Exception {
    start(collector(), 100);

    call("/", null, null);

    Eventually.holds(() -> spans().size() == 2);
    Span outbound = span(Span.SpanKind.SPAN_KIND_CLIENT);
    assertThat(outbound.getParentSpanId().isEmpty()).isTrue();
    assertThat(span(Span.SpanKind.SPAN_KIND_SERVER).getParentSpanId())
        .isEqualTo(outbound.getSpanId());
    assertThat(span(Span.SpanKind.SPAN_KIND_SERVER).getTraceId()).isEqualTo(outbound.getTraceId());
  }

  @Test
  void withoutSamplingARequestWithoutTraceStaysWithoutOne() throws Exception {
    start(collector(), 0);

    call("/", null, null);

    assertThat(traceparents).containsExactly("null null");
    assertThat(web.count("trace_spans_total")).isZero();
  }

  @Test
  void trafficGoesOnWithoutCollectorAndSpansAreCountedAsDropped() throws Exception {
    int nobody;
    try (ServerSocket taken = new ServerSocket(0)) {
      nobody = taken.getLocalPort();
    }
    start(nobody, 0);

    for (int i = 0; i < 3; i++) {
      assertThat(call("/", "00-" + TRACE + "-" + PARENT + "-01", "vendor=1")).isEqualTo(204);
    }

    Eventually.holds(() -> web.count("trace_spans_total", "dropped") == 3);
    assertThat(web.count("trace_spans_total", "exported")).isZero();
  }

  @Test
  void spansThatTheCollectorDoesNotTakeAreCountedAsDropped() throws Exception {
    refuse = 1;
    start(collector(), 0);

    call("/", "00-" + TRACE + "-" + PARENT + "-01", "vendor=1");

    Eventually.holds(() -> web.count("trace_spans_total", "dropped") == 1);
  }

  private int call(String path, @Nullable String traceparent, @Nullable String tracestate)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + listen + path))
            .version(HttpClient.Version.HTTP_1_1);
    if (traceparent != null && tracestate != null) {
      request.header("traceparent", traceparent).header("tracestate", tracestate);
    }
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
    }
  }

  private List<Span> spans() {
    return collected.stream()
        .flatMap(spans -> spans.getScopeSpansList().stream())
        .flatMap(spans -> spans.getSpansList().stream())
        .toList();
  }

  private Span span(Span.SpanKind kind) {
    return spans().stream().filter(span -> span.getKind() == kind).findFirst().orElseThrow();
  }

  private static String attribute(Span span, String key) {
    return value(span.getAttributesList(), key);
  }

  private static String value(List<KeyValue> attributes, String key) {
    return attributes.stream()
        .filter(pair -> pair.getKey().equals(key))
        .map(pair ->
            pair.getValue().hasIntValue()
                ? Long.toString(pair.getValue().getIntValue())
                : pair.getValue().getStringValue())
        .findFirst()
        .orElse("");
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
