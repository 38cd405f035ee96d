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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One application that speaks HTTP/1 only, behind ports that are declared differently. */
class DeclaredPortsTest {

  private final TestMesh mesh = new TestMesh();
  private final RawApplication application =
      new RawApplication().answers("HTTP/1.1 204 No Content\r\n\r\n");
  private final TestMesh.Sidecar web = mesh.caller("web").start();

  @AfterEach
  void close() throws IOException {
    mesh.close();
    application.close();
  }

  @Test
  @Acceptance(23)
  void http1IsAProtocolErrorOnAPortThatIsDeclaredHttp2() throws IOException {
    assertThat(answer("opaque", AppProtocol.OPAQUE)).startsWith("HTTP/1.1 204");
    assertThat(answer("http", AppProtocol.HTTP)).startsWith("HTTP/1.1 204");
    assertThat(application.seen).hasSize(2);

    assertThat(answer("h2c", AppProtocol.H2C)).doesNotContain("HTTP/1.1 ").contains("HTTP/1.x");
    assertThat(answer("grpc", AppProtocol.GRPC)).doesNotContain("HTTP/1.1 ").contains("HTTP/1.x");
    assertThat(application.seen).hasSize(2);
  }

  /** Everything until the connection ends. */
  private String answer(String name, AppProtocol declared) throws IOException {
    TestMesh.Sidecar sidecar = mesh.of(name, application.address(), declared).start();
    HostPort listener =
        web.calls(
            TestMesh.destination(
                sidecar.service(), declared, Timeouts.NONE, null, List.of(sidecar.endpoint())));
    try (Socket caller = new Socket(listener.host(), listener.port())) {
      caller.setSoTimeout(5_000);
      caller
          .getOutputStream()
          .write(
              "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                  .formatted(name)
                  .getBytes(StandardCharsets.US_ASCII));
      caller.shutdownOutput();
      return new String(caller.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }
}
