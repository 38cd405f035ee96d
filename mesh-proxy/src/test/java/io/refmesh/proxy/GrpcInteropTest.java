package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The interoperability cases of gRPC, as its own Go client and server define them, through a pair
 * of sidecars.
 */
@Tag("interop")
final class GrpcInteropTest {

  private static final String VERSION = "@v1.85.0";
  private static final GoTool CLIENT =
      new GoTool("grpc-client", "client", "google.golang.org/grpc/interop/client" + VERSION);
  private static final GoTool SERVER =
      new GoTool("grpc-server", "server", "google.golang.org/grpc/interop/server" + VERSION);

  @TempDir Path folder;
  private final TestMesh mesh = new TestMesh();
  private Path client;
  private ServerSocket front;
  private Process server;
  private TestMesh.Sidecar web;
  private HostPort listener;

  @BeforeEach
  void start() throws IOException {
    // Before anything is started: without it nothing is run.
    client = CLIENT.path();
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    server =
        Program.start(
            folder.resolve("server.log"), List.of(SERVER.path().toString(), "--port=" + port));
    // It listens on every address, where the sidecar needs its port on one: this stands between.
    front = new ServerSocket(0, 50, InetAddress.getByName(TestMesh.address()));
    Thread.startVirtualThread(() -> forward(port));
    Eventually.holds(() -> takes(port));
    TestMesh.Sidecar cart =
        mesh.of(
                "cart",
                new HostPort(front.getInetAddress().getHostAddress(), front.getLocalPort()),
                AppProtocol.H2C)
            .start();
    web = mesh.caller("web").start();
    listener =
        web.calls(
            TestMesh.destination(
                cart.service(), AppProtocol.H2C, Timeouts.NONE, null, List.of(cart.endpoint())));
  }

  @AfterEach
  void close() throws IOException {
    mesh.close();
    if (server != null) {
      Program.stop(server);
    }
    if (front != null) {
      front.close();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "empty_unary",
        "large_unary",
        "client_streaming",
        "server_streaming",
        "ping_pong",
        "empty_stream",
        "custom_metadata",
        "status_code_and_message",
        "special_status_message",
        "unimplemented_method",
        "unimplemented_service",
        "cancel_after_begin",
        "cancel_after_first_response",
        "timeout_on_sleeping_server"
      })
  void goCallsGo(String testCase) {
    Program.Result result = client(testCase);
    assertThat(result.exit()).as(result.output()).isZero();
    // These may be over before the proxy has seen a head.
    boolean brief =
        testCase.equals("timeout_on_sleeping_server") || testCase.equals("cancel_after_begin");
    assertThat(web.count("request_total", "outbound")).isGreaterThanOrEqualTo(brief ? 0 : 1);
  }

  /** The client's exit status means something. */
  @Test
  void aCaseThatDoesNotExistFails() {
    assertThat(client("no_such_case").exit()).isNotZero();
  }

  private Program.Result client(String testCase) {
    return Program.run(
        List.of(
            client.toString(),
            "--server_host=" + listener.host(),
            "--server_port=" + listener.port(),
            "--test_case=" + testCase));
  }

  private static boolean takes(int port) {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private void forward(int port) {
    try {
      while (true) {
        Socket near = front.accept();
        Socket far = new Socket("127.0.0.1", port);
        near.setTcpNoDelay(true);
        far.setTcpNoDelay(true);
        Thread.startVirtualThread(() -> copy(near, far));
        Thread.startVirtualThread(() -> copy(far, near));
      }
    } catch (IOException e) {
      // Closed at the end of the test.
    }
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // One side is gone, so is the other.
    }
  }
}
