package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The counters of a pair of sidecars against what client and server saw on their sockets. */
class CountsThroughSidecarsTest {

  @Test
  @Acceptance(146)
  void countsOneCallAndItsBytesAsClientAndServerDid() throws IOException {
    try (ServerSocket server =
            new ServerSocket(0, 50, java.net.InetAddress.getByName(TestMesh.address()));
        TestMesh mesh = new TestMesh()) {
      AtomicLong serverRead = new AtomicLong();
      byte[] answer =
          "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
              .getBytes(StandardCharsets.US_ASCII);
      Thread.ofVirtual().start(() -> serve(server, serverRead, answer));
      HostPort application =
          new HostPort(server.getInetAddress().getHostAddress(), server.getLocalPort());
      TestMesh.Sidecar cart = mesh.of("cart", application, AppProtocol.HTTP).start();
      TestMesh.Sidecar web = mesh.caller("web").start();
      HostPort listen =
          web.calls(
              TestMesh.destination(
                  cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint())));

      byte[] request =
          "GET /items HTTP/1.1\r\nhost: cart.shop\r\nconnection: close\r\n\r\n"
              .getBytes(StandardCharsets.US_ASCII);
      byte[] received;
      try (Socket client = new Socket(listen.host(), listen.port())) {
        client.getOutputStream().write(request);
        Eventually.holds(() -> web.count("tcp_open_connections", "outbound", "peer=\"src\"") == 1);
        received = client.getInputStream().readAllBytes();
      }

      assertThat(received).asString().endsWith("hello");
      for (TestMesh.Sidecar sidecar : List.of(web, cart)) {
        String direction = sidecar == web ? "outbound" : "inbound";
        assertThat(sidecar.count("request_total", direction)).isEqualTo(1);
        assertThat(sidecar.count("response_total", direction, "status_code=\"200\"")).isEqualTo(1);
        assertThat(sidecar.count("tcp_open_total", direction, "peer=\"src\"")).isEqualTo(1);
        assertThat(sidecar.count("tcp_open_total", direction, "peer=\"dst\"")).isEqualTo(1);
      }
      Eventually.holds(
          () -> web.count("tcp_close_total", "outbound", "peer=\"src\"", "errno=\"\"") == 1);
      Eventually.holds(
          () -> cart.count("tcp_close_total", "inbound", "peer=\"dst\"", "errno=\"\"") == 1);
      assertThat(web.count("tcp_open_connections", "outbound", "peer=\"src\"")).isZero();
      assertThat(web.count("tcp_read_bytes_total", "outbound", "peer=\"src\""))
          .isEqualTo(request.length);
      assertThat(web.count("tcp_write_bytes_total", "outbound", "peer=\"src\""))
          .isEqualTo(received.length);
      assertThat(cart.count("tcp_write_bytes_total", "inbound", "peer=\"dst\""))
          .isEqualTo(serverRead.get());
      assertThat(cart.count("tcp_read_bytes_total", "inbound", "peer=\"dst\""))
          .isEqualTo(answer.length);
      // What one sidecar writes the other reads.
      Eventually.holds(() ->
          web.count("tcp_write_bytes_total", "outbound", "peer=\"dst\"")
                  == cart.count("tcp_read_bytes_total", "inbound", "peer=\"src\"")
              && cart.count("tcp_write_bytes_total", "inbound", "peer=\"src\"")
                  == web.count("tcp_read_bytes_total", "outbound", "peer=\"dst\""));
    }
  }

  private static void serve(ServerSocket server, AtomicLong read, byte[] answer) {
    try (Socket connection = server.accept()) {
      InputStream in = connection.getInputStream();
      byte[] buffer = new byte[4096];
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int bytes = in.read(buffer);
        read.addAndGet(bytes);
        head.append(new String(buffer, 0, bytes, StandardCharsets.US_ASCII));
      }
      connection.getOutputStream().write(answer);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
