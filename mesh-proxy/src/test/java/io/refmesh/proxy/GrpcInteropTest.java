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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The interoperability cases of gRPC, as its own Go and Java clients and servers define them,
 * through a pair of sidecars.
 */
@Tag("interop")
final class GrpcInteropTest {

  private static final String VERSION = "@v1.85.0";
  private static final GoTool GO_CLIENT =
      new GoTool("grpc-client", "client", "google.golang.org/grpc/interop/client" + VERSION);
  private static final GoTool GO_SERVER =
      new GoTool("grpc-server", "server", "google.golang.org/grpc/interop/server" + VERSION);
  private static final MavenTool JAVA_PROGRAMS =
      new MavenTool("grpc-java@1.79.0", Path.of("src/test/resources/interop/grpc-java.xml"));
  private static final String JAVA_PACKAGE = "io.grpc.testing.integration.";

  private static final List<String> CASES =
      List.of(
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
          "timeout_on_sleeping_server");

  /** Which Go has not; no Java server answers the probe of those with a compressed request. */
  private static final List<String> JAVA_CASES =
      List.of(
          "client_compressed_unary_noprobe",
          "server_compressed_unary",
          "client_compressed_streaming_noprobe",
          "server_compressed_streaming",
          "very_large_request");

  private enum Language {
    GO {
      @Override
      List<String> server(int port) {
        return List.of(GO_SERVER.path().toString(), "--port=" + port);
      }

      @Override
      List<String> client(HostPort to, String testCase) {
        return List.of(
            GO_CLIENT.path().toString(),
            "--server_host=" + to.host(),
            "--server_port=" + to.port(),
            "--test_case=" + testCase);
      }
    },
    JAVA {
      @Override
      List<String> server(int port) {
        return JAVA_PROGRAMS.command(
            JAVA_PACKAGE + "TestServiceServer", "--port=" + port, "--use_tls=false");
      }

      @Override
      List<String> client(HostPort to, String testCase) {
        return JAVA_PROGRAMS.command(
            JAVA_PACKAGE + "TestServiceClient",
            "--server_host=" + to.host(),
            "--server_port=" + to.port(),
            "--use_tls=false",
            "--test_case=" + testCase);
      }
    };

    abstract List<String> server(int port);

    abstract List<String> client(HostPort to, String testCase);
  }

  @TempDir Path folder;
  private final TestMesh mesh = new TestMesh();
  private final ServerSocket front;
  private Optional<Process> server = Optional.empty();

  GrpcInteropTest() throws IOException {
    front = new ServerSocket(0, 50, InetAddress.getByName(TestMesh.address()));
  }

  @AfterEach
  void close() throws IOException {
    mesh.close();
    server.ifPresent(Program::stop);
    front.close();
  }

  static Stream<Arguments> calls() {
    List<Arguments> calls = new ArrayList<>();
    for (Language client : Language.values()) {
      for (Language to : Language.values()) {
        CASES.forEach(testCase -> calls.add(Arguments.of(client, to, testCase)));
      }
    }
    JAVA_CASES.forEach(one -> calls.add(Arguments.of(Language.JAVA, Language.JAVA, one)));
    return calls.stream();
  }

  @ParameterizedTest(name = "{0} calls {1}: {2}")
  @MethodSource("calls")
  void oneCallsTheOther(Language client, Language to, String testCase) throws IOException {
    TestMesh.Sidecar web = mesh.caller("web").start();

    Program.Result result = Program.run(client.client(wayTo(to, web), testCase));

    assertThat(result.exit()).as(result.output()).isZero();
    // These may be over before the proxy has seen a head.
    boolean brief =
        testCase.equals("timeout_on_sleeping_server") || testCase.equals("cancel_after_begin");
    assertThat(web.count("request_total", "outbound")).isGreaterThanOrEqualTo(brief ? 0 : 1);
  }

  /** The clients' exit status means something. */
  @ParameterizedTest
  @EnumSource
  void aCaseThatDoesNotExistFails(Language client) throws IOException {
    HostPort to = wayTo(client, mesh.caller("web").start());

    assertThat(Program.run(client.client(to, "no_such_case")).exit()).isNotZero();
  }

  /** Starts a server behind a sidecar; where the other sidecar's application calls it. */
  private HostPort wayTo(Language language, TestMesh.Sidecar web) throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    server = Optional.of(Program.start(folder.resolve("server.log"), language.server(port)));
    // It listens on every address, where the sidecar needs its port on one: this stands between.
    Thread.startVirtualThread(() -> forward(port));
    Eventually.holds(() -> takes(port));
    TestMesh.Sidecar cart =
        mesh.of(
                "cart",
                new HostPort(front.getInetAddress().getHostAddress(), front.getLocalPort()),
                AppProtocol.H2C)
            .start();
    return web.calls(
        TestMesh.destination(
            cart.service(), AppProtocol.H2C, Timeouts.NONE, null, List.of(cart.endpoint())));
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
