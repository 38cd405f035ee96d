package io.refmesh.toxiproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Where this server differs from the original on purpose: one test for each row of the table in the
 * README.
 */
class DifferencesTest {
  private final RunningServer toxiproxy = new RunningServer();
  private final Upstream upstream = Upstream.manual();

  @AfterEach
  void stop() {
    toxiproxy.close();
    upstream.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          slicer    | {}                                        | slicer average_size is 0, expected 1 or more
          slicer    | {"average_size":-1}                       | slicer average_size is -1, expected 1 or more
          slicer    | {"average_size":5,"size_variation":5}     | slicer size_variation is 5, expected 0 or more and less than average_size, which is 5
          slicer    | {"average_size":5,"size_variation":-1}    | slicer size_variation is -1, expected 0 or more and less than average_size, which is 5
          bandwidth | {"rate":-1}                               | bandwidth rate is -1, expected 0 or more
          latency   | {"jitter":4611686018427387904}            | latency jitter is 4611686018427387904, expected at most 4611686018427387903
          """)
  void valuesThatCrashTheOriginalAreRefused(String type, String attributes, String why) {
    toxiproxy.proxy("p", upstream.port());
    assertThat(
            toxiproxy.call(
                "POST",
                "/proxies/p/toxics",
                "{\"type\":\"" + type + "\",\"attributes\":" + attributes + "}"))
        .isEqualTo("400 {\"error\":\"invalid attributes: " + why + "\",\"status\":400}");
    assertThat(toxiproxy.call("GET", "/proxies/p/toxics", "")).isEqualTo("200 []");
  }

  @Test
  void aRefusedUpdateChangesNothing() {
    toxiproxy.proxy("p", upstream.port());
    toxiproxy.toxic("p", "{\"name\":\"t\",\"type\":\"latency\",\"attributes\":{\"latency\":7}}");
    toxiproxy.toxic("p", "{\"name\":\"b\",\"type\":\"bandwidth\",\"attributes\":{\"rate\":7}}");
    assertThat(
            toxiproxy.call(
                "PATCH",
                "/proxies/p/toxics/t",
                "{\"attributes\":{\"latency\":1,\"jitter\":\"x\"}}"))
        .startsWith("400 ");
    assertThat(toxiproxy.call("PATCH", "/proxies/p/toxics/b", "{\"attributes\":{\"rate\":-7}}"))
        .startsWith("400 ");
    assertThat(toxiproxy.call("GET", "/proxies/p/toxics", ""))
        .contains("\"latency\":7")
        .contains("\"rate\":7");
  }

  @Test
  void removingAResetPeerThatHasBegunResetsAtOnceInsteadOfWaiting() throws IOException {
    int port = toxiproxy.proxy("p", upstream.port());
    toxiproxy.toxic(
        "p", "{\"name\":\"t\",\"type\":\"reset_peer\",\"attributes\":{\"timeout\":60000}}");
    try (Client client = new Client(port)) {
      Socket server = upstream.next();
      client.send("b");
      assertThat(server.getInputStream().read()).isEqualTo('b');
      server.getOutputStream().write('a');
      assertThat(client.silentFor(100)).isTrue();
      assertThat(
              Clock.millisOf(() -> {
                assertThat(toxiproxy.call("DELETE", "/proxies/p/toxics/t", "")).isEqualTo("204");
                assertThat(client.ending()).isEqualTo("reset");
              }))
          .isLessThan(2_000);
    }
  }

  @Test
  void removalAndResetDoNotWaitForAReceiverThatDoesNotRead() throws IOException {
    int port = toxiproxy.proxy("p", upstream.port());
    toxiproxy.toxic("p", "{\"name\":\"t\",\"type\":\"latency\",\"attributes\":{\"latency\":10}}");
    toxiproxy.toxic(
        "p", "{\"name\":\"s\",\"type\":\"slicer\",\"attributes\":{\"average_size\":1000}}");
    try (Client client = new Client(port)) {
      Socket server = upstream.next();
      Thread.ofVirtual()
          .start(() -> {
            try {
              while (true) {
                server.getOutputStream().write(new byte[65_536]);
              }
            } catch (IOException endOfTest) {
              // The test closes the connection under this writer.
            }
          });
      assertThat(client.read(1)).hasSize(1);
      assertThat(
              Clock.millisOf(() -> {
                assertThat(toxiproxy.call("PATCH", "/proxies/p/toxics/t", "{\"toxicity\":1}"))
                    .startsWith("200 ");
                assertThat(toxiproxy.call("DELETE", "/proxies/p/toxics/t", "")).isEqualTo("204");
                assertThat(toxiproxy.call("POST", "/reset", "")).isEqualTo("204");
                assertThat(toxiproxy.call("DELETE", "/proxies/p", "")).isEqualTo("204");
              }))
          .isLessThan(2_000);
    }
  }

  /**
   * The original dials inside its accept loop, so the second client would not even be looked at.
   */
  @Test
  void anUpstreamThatDoesNotAnswerHoldsUpNobody() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<Socket> backlog = fill(silent);
      int port = toxiproxy.proxy("hole", silent.getLocalPort());
      try (Client first = new Client(port);
          Client second = new Client(port)) {
        assertThat(first.silentFor(50)).isTrue();
        assertThat(
                Clock.millisOf(() -> {
                  assertThat(toxiproxy.call("PATCH", "/proxies/hole", "{\"enabled\":false}"))
                      .startsWith("200 ");
                  assertThat(first.ending()).isEqualTo("end");
                  assertThat(second.ending()).isEqualTo("end");
                }))
            .isLessThan(2_000);
      }
      for (Socket socket : backlog) {
        socket.close();
      }
    }
  }

  /** Connects until the system takes no more connections for a listener that accepts none. */
  private static List<Socket> fill(ServerSocket listener) throws IOException {
    List<Socket> backlog = new ArrayList<>();
    while (backlog.size() < 64) {
      Socket socket = new Socket();
      backlog.add(socket);
      try {
        socket.connect(
            new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort()), 200);
      } catch (IOException full) {
        return backlog;
      }
    }
    throw new AssertionError("the backlog has no end");
  }

  @Test
  void theSameSeedActsOnTheSameConnections() throws IOException {
    assertThat(actsOn(11))
        .isEqualTo(actsOn(11))
        .isNotEqualTo(actsOn(12))
        .contains("+")
        .contains("-");
  }

  private String actsOn(long seed) throws IOException {
    try (RunningServer seeded =
        new RunningServer(seed, io.refmesh.toxiproxy.proxy.Transport.best())) {
      int port = seeded.proxy("p", upstream.port());
      seeded.toxic("p", "{\"type\":\"limit_data\",\"toxicity\":0.5,\"attributes\":{\"bytes\":1}}");
      StringBuilder acts = new StringBuilder();
      for (int i = 0; i < 24; i++) {
        try (Client client = new Client(port)) {
          Socket server = upstream.next();
          server.getOutputStream().write(new byte[] {'a', 'b'});
          server.close();
          acts.append(client.readAll().length == 1 ? '+' : '-');
        }
      }
      return acts.toString();
    }
  }

  @Test
  void longAnswersSayTheirLength() {
    toxiproxy.proxy("p", upstream.port());
    for (int i = 0; i < 40; i++) {
      toxiproxy.toxic("p", "{\"type\":\"latency\",\"name\":\"t" + i + "\"}");
    }
    HttpResponse<String> answer = toxiproxy.send("GET", "/proxies", "");
    assertThat(answer.headers().firstValueAsLong("Content-Length").orElseThrow())
        .isGreaterThan(4096);
    assertThat(answer.headers().firstValue("Transfer-Encoding")).isEmpty();
  }

  @Test
  void bodiesAreBounded() {
    assertThat(toxiproxy.call("POST", "/populate", " ".repeat(5 * 1024 * 1024))).startsWith("413");
    assertThat(toxiproxy.call("POST", "/populate", "[".repeat(501)))
        .contains("bad request body: exceeded max depth");
  }

  @Test
  void portsAreNumbers() {
    assertThat(
            toxiproxy.call(
                "POST",
                "/proxies",
                "{\"name\":\"p\",\"listen\":\"127.0.0.1:http\",\"upstream\":\"u\"}"))
        .contains("listen tcp: lookup tcp/http: unknown port");
  }

  @Test
  void thereAreNoMetrics() {
    assertThat(toxiproxy.call("GET", "/metrics", "")).isEqualTo("404 404 page not found");
  }
}
