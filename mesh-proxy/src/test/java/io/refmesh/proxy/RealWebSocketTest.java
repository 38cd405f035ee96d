package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The echo suite of a WebSocket library of others, its client and its server, through a pair. */
@Tag("interop")
class RealWebSocketTest {

  private static final Path LIBRARY = Path.of("target", "interop", "python");

  private final TestMesh mesh = new TestMesh();
  private final HostPort server = new HostPort(TestMesh.address(), 8080);
  @TempDir private Path folder;

  @AfterEach
  void close() {
    mesh.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTP", "WEBSOCKET", "DETECT"})
  void echoesEveryMessage(AppProtocol protocol) throws Exception {
    Process echo =
        Program.start(folder.resolve("log"), python("serve", server.host(), "8080"), environment());
    try {
      Eventually.holds(() -> Sockets.accepts(server));
      TestMesh.Sidecar caller = mesh.caller("web").start();
      TestMesh.Sidecar called = mesh.of("chat", server, protocol).start();
      HostPort listener =
          caller.calls(
              TestMesh.destination(
                  called.service(), protocol, Timeouts.NONE, null, List.of(called.endpoint())));
      Program.Result suite = Program.run(python("suite", "ws://" + listener + "/"), environment());
      assertThat(suite.output().lines()).hasSize(7).allMatch(line -> line.startsWith("passed"));
      assertThat(called.count("request_total", "inbound")).isEqualTo(56);
    } finally {
      Program.stop(echo);
    }
  }

  private static List<String> python(String... arguments) throws URISyntaxException {
    URL script =
        Objects.requireNonNull(RealWebSocketTest.class.getResource("/interop/websocket_echo.py"));
    return Program.with(
        List.of(
            Program.path("python3", "apt-get install python3"), Path.of(script.toURI()).toString()),
        arguments);
  }

  /** Fetches the library into the build folder, once. */
  private static Map<String, String> environment() throws IOException {
    if (!Files.isDirectory(LIBRARY.resolve("websockets"))) {
      Files.createDirectories(LIBRARY);
      Program.Result got =
          Program.run(
              List.of(
                  Program.path("python3", "apt-get install python3"),
                  "-m",
                  "pip",
                  "install",
                  "-q",
                  "--target",
                  LIBRARY.toString(),
                  "websockets==17.4"));
      Assumptions.assumeTrue(
          got.exit() == 0, "the library websockets cannot be had: needs pip and PyPI");
    }
    return Map.of("PYTHONPATH", LIBRARY.toAbsolutePath().toString());
  }
}
