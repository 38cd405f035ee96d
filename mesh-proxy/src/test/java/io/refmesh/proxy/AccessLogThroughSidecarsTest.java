package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a pair of sidecars writes about the same requests. */
class AccessLogThroughSidecarsTest {

  private static final List<String> FOURTEEN =
      List.of(
          "client.addr",
          "client.id",
          "timestamp",
          "method",
          "uri",
          "version",
          "trace_id",
          "request_bytes",
          "status",
          "response_bytes",
          "total_ns",
          "processing_ns",
          "user_agent",
          "host");

  private final TestMesh mesh = new TestMesh();
  private final TestApplication application = new TestApplication();
  private TestMesh.Sidecar cart;
  private TestMesh.Sidecar web;
  private HostPort listen;

  @BeforeEach
  void start() {
    mesh.telemetry =
        new TelemetryConfig(
            TelemetryConfig.AccessLogging.JSON,
            100,
            Set.of("token"),
            Set.of(),
            0,
            Optional.empty(),
            0,
            Optional.empty(),
            Set.of());
    cart = mesh.of("cart", application.address(), AppProtocol.HTTP).start();
    web = mesh.caller("web").start();
    listen =
        web.calls(
            TestMesh.destination(
                cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint())));
  }

  @AfterEach
  void stop() {
    mesh.close();
    application.close();
  }

  @Test
  @Acceptance(154)
  void bothSidesWriteOneLineWithTheFourteenFieldsForEachRequest() throws IOException {
    String answer =
        call(
            "POST /items?token=hunter2&page=3 HTTP/1.1\r\n"
                + "host: cart.shop\r\n"
                + "user-agent: curl/8\r\n"
                + "authorization: Bearer hunter2\r\n"
                + "content-length: 5\r\n"
                + "connection: close\r\n\r\n"
                + "hello");
    assertThat(answer).startsWith("HTTP/1.1 200");

    for (TestMesh.Sidecar sidecar : List.of(web, cart)) {
      Eventually.holds(() -> sidecar.accessLog().endsWith("\n"));
      String line = sidecar.accessLog();
      assertThat(line.lines()).hasSize(1);
      FOURTEEN.forEach(field -> assertThat(line).contains("\"" + field + "\":"));
      assertThat(line)
          .contains(
              "\"method\":\"POST\"",
              "\"uri\":\"/items?token=REDACTED&page=3\"",
              "\"version\":\"HTTP/1.1\"",
              "\"request_bytes\":5",
              "\"status\":200",
              "\"user_agent\":\"curl/8\"",
              "\"host\":\"cart.shop\"")
          .doesNotContain("hunter2");
    }
    assertThat(web.accessLog()).contains("\"direction\":\"outbound\"");
    assertThat(cart.accessLog())
        .contains(
            "\"direction\":\"inbound\"", "\"client.id\":\"" + TestMesh.identity("web") + "\"");
  }

  @Test
  void aRequestRefusedWhileItWasReadIsWrittenAndCounted() throws IOException {
    String answer = call("GET /x HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 400");

    Eventually.holds(() -> web.accessLog().endsWith("\n"));
    assertThat(web.accessLog())
        .contains("\"status\":400", "\"error\":\"bad-request\"", "\"uri\":\"/x\"");
    assertThat(web.count("refused_total", "outbound", "bad-request")).isEqualTo(1);
    assertThat(cart.accessLog()).isEmpty();
    assertThat(application.requests).hasValue(0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      emptyValue = "",
      value = {
        "DELETE  /x HTTP/1.1\\r\\n\\r\\n | DELETE | /x",
        "POST /y HTTP/1.1\\r\\nA: b\\r\\n c\\r\\n\\r\\n | POST | /y",
        "PUT /z HTTP/1.1\\r\\nno colon\\r\\n\\r\\n | PUT | /z",
        "PUT /z?token=hunter2 HTTP/3\\r\\n\\r\\n | PUT | /z?token=REDACTED",
        "(hello) /a\\r\\n\\r\\n | '' | ''",
        "hello\\r\\n\\r\\n | hello | ''",
      })
  void ofARequestThatCannotBeReadTheLogSaysWhatWasFound(String request, String method, String uri)
      throws IOException {
    assertThat(call(request.translateEscapes())).startsWith("HTTP/1.1 400");

    Eventually.holds(() -> web.accessLog().endsWith("\n"));
    assertThat(web.accessLog())
        .contains("\"status\":400", "\"method\":\"" + method + "\"", "\"uri\":\"" + uri + "\"");
  }

  private String call(String request) throws IOException {
    try (Socket client = new Socket(listen.host(), listen.port())) {
      client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }
}
