package io.refmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.proxy.http.client.Upstream;
import io.refmesh.proxy.http.server.Http1Server;
import io.refmesh.proxy.http.server.Http2Server;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.http.server.ServerSettings.Role;
import io.refmesh.proxy.http.wire.Loop;
import io.refmesh.proxy.http.wire.RawClient;
import io.refmesh.proxy.http.wire.RawClient.Message;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A raw HTTP/1 client, the outbound half, the inbound half and a raw HTTP/1 application in a row:
 * what the application sees and what the client sees is what the other sent.
 */
final class EndToEndTest {

  private static final int MEGABYTE = 1024 * 1024;

  /** Answers one request on its connection. */
  interface Application {
    void answer(RawClient connection, Message request) throws IOException;
  }

  private final Loop loop = new Loop();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Message> seen = new CopyOnWriteArrayList<>();
  private volatile Application application = (connection, request) -> {};
  private ServerSocket listener;
  private int port;

  @BeforeEach
  void connectThemInARow() throws IOException {
    listener = new ServerSocket(0);
    threads.submit(this::accept);
    Upstream toApplication = loop.upstream(listener.getLocalPort(), false);
    ServerSettings inbound = ServerSettings.of(Role.INBOUND, loop.ticker);
    Caller sidecar =
        new Caller(new InetSocketAddress("127.0.0.1", 1), Optional.of(Loop.CART), true);
    int inboundPort =
        loop.listen(pipeline -> Http2Server.install(pipeline, toApplication, sidecar, inbound));
    Upstream toSidecar = loop.upstream(inboundPort, true);
    ServerSettings outbound = ServerSettings.of(Role.OUTBOUND, loop.ticker);
    Caller own = new Caller(new InetSocketAddress("127.0.0.1", 2), Optional.empty(), false);
    port = loop.listen(pipeline -> Http1Server.install(pipeline, toSidecar, own, outbound));
  }

  @AfterEach
  void everyBufferIsReleased() throws IOException {
    listener.close();
    threads.shutdownNow();
    loop.close();
  }

  private void accept() {
    try {
      while (true) {
        RawClient connection = new RawClient(listener.accept());
        threads.submit(() -> serve(connection));
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  private void serve(RawClient connection) {
    try (connection) {
      while (true) {
        Message request = connection.readRequest();
        seen.add(request);
        application.answer(connection, request);
      }
    } catch (IOException e) {
      // The proxy has closed its connection.
    }
  }

  private static byte[] random(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] chunked(byte[] body, int chunk) {
    java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
    for (int at = 0; at < body.length; at += chunk) {
      int size = Math.min(chunk, body.length - at);
      out.writeBytes(
          (Integer.toHexString(size) + "\r\n")
              .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      out.write(body, at, size);
      out.writeBytes(new byte[] {'\r', '\n'});
    }
    return out.toByteArray();
  }

  @Test
  @Acceptance(35)
  void carriesBytesBothWaysWithTheFramingThatWasChosen() throws IOException {
    byte[] up = random(MEGABYTE, 1);
    byte[] down = random(MEGABYTE + 7, 2);
    application =
        (connection, request) -> {
          connection.send(
              "HTTP/1.1 200 OK\r\nContent-Length: " + down.length + "\r\nX-Answer: yes\r\n\r\n");
          connection.send(down);
        };
    try (RawClient client = new RawClient(port)) {
      for (int i = 0; i < 3; i++) {
        client.send(
            "POST /a?b=%20c HTTP/1.1\r\nHost: cart.shop:8080\r\nContent-Length: "
                + up.length
                + "\r\n\r\n");
        Message answer = client.send(up).readResponse();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.field("x-answer")).isEqualTo("yes");
        assertThat(answer.field("content-length")).isEqualTo(String.valueOf(down.length));
        assertThat(answer.body()).isEqualTo(down);
      }
    }
    assertThat(seen).hasSize(3);
    for (Message request : seen) {
      assertThat(request.start()).isEqualTo("POST /a?b=%20c HTTP/1.1");
      assertThat(request.body()).isEqualTo(up);
      assertThat(request.fields())
          .containsExactlyInAnyOrder(
              "host: cart.shop:8080",
              "content-length: " + up.length,
              "x-mesh-try: 1",
              "x-forwarded-client-cert: URI=" + Loop.CART.uri());
    }
  }

  @Test
  @Acceptance(35)
  void carriesChunkedBodiesAndTrailersBothWays() throws IOException {
    byte[] up = random(MEGABYTE, 3);
    application =
        (connection, request) -> {
          connection.send(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Down\r\n\r\n");
          connection
              .send(chunked(request.body(), 50_000))
              .send("0\r\nX-Down: 1\r\nX-More: 2\r\n\r\n");
        };
    try (RawClient client = new RawClient(port)) {
      client.send(
          "PUT / HTTP/1.1\r\n"
              + "Host: a\r\n"
              + "Transfer-Encoding: chunked\r\n"
              + "TE: trailers\r\n"
              + "Connection: TE\r\n\r\n");
      Message answer = client.send(chunked(up, 30_001)).send("0\r\nX-Up: 5\r\n\r\n").readResponse();
      assertThat(answer.body()).isEqualTo(up);
      assertThat(answer.trailers()).containsExactly("x-down: 1", "x-more: 2");
      assertThat(answer.field("trailer")).isEqualTo("X-Down");
    }
    assertThat(seen.getFirst().trailers()).containsExactly("x-up: 5");
    assertThat(seen.getFirst().field("transfer-encoding")).isEqualTo("chunked");
    assertThat(seen.getFirst().field("te")).isEqualTo("trailers");
  }

  @Test
  @Acceptance({29, 35, 36, 37})
  void restoresWhatTheClientSpoke() throws IOException {
    application =
        (connection, request) -> {
          if (request.start().endsWith("HTTP/1.0")) {
            connection.send("HTTP/1.0 200 OK\r\n\r\nuntil the end").close();
          } else if (request.start().startsWith("HEAD")) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
          } else if (request.start().contains("/304")) {
            connection.send("HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n");
          } else {
            connection.send("HTTP/1.1 204 No Content\r\n\r\n");
          }
        };
    try (RawClient client = new RawClient(port)) {
      assertThat(client.send("GET / HTTP/1.0\r\n\r\n").readResponse().text())
          .isEqualTo("until the end");
      assertThat(client.isClosed()).isTrue();
    }
    try (RawClient client = new RawClient(port)) {
      Message head = client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse(true);
      assertThat(head.fields()).containsExactly("content-length: 5");
      assertThat(client.send("DELETE / HTTP/1.1\r\n\r\n").readResponse().fields()).isEmpty();
      assertThat(client.send("GET /304 HTTP/1.1\r\nHost: a\r\n\r\n").readResponse().fields())
          .containsExactly("etag: x");
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").readResponse();
      client.send("POST / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
    }
    assertThat(seen.get(0).start()).isEqualTo("GET / HTTP/1.0");
    assertThat(seen.get(0).field("host")).isNull();
    assertThat(seen.get(1).fields())
        .contains("host: a")
        .noneMatch(f -> f.startsWith("content-length"));
    assertThat(seen.get(2).field("host")).isNull();
    assertThat(seen.get(4).field("content-length")).isEqualTo("0");
    assertThat(seen.get(5).field("content-length")).isNull();
    assertThat(seen).allMatch(request -> request.field("transfer-encoding") == null);
  }

  @Test
  void letsTheServerAskForTheBody() throws IOException {
    application =
        (connection, request) -> connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!");
    // An application that sends 100 before it reads the body.
    ServerSocket asking = new ServerSocket(0);
    threads.submit(() -> {
      try (asking;
          RawClient connection = new RawClient(asking.accept())) {
        Message head = connection.readHead();
        seen.add(head);
        connection.send("HTTP/1.1 100 Continue\r\n\r\n");
        connection.readBytes(3);
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        connection.read();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
    Upstream upstream = loop.upstream(asking.getLocalPort(), false);
    Caller own = new Caller(new InetSocketAddress("127.0.0.1", 2), Optional.empty(), false);
    int direct =
        loop.listen(pipeline ->
            Http1Server.install(
                pipeline, upstream, own, ServerSettings.of(Role.OUTBOUND, loop.ticker)));
    try (RawClient client = new RawClient(direct)) {
      client.send(
          "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
      assertThat(client.readResponse().status()).isEqualTo(100);
      assertThat(client.send("abc").readResponse().text()).isEqualTo("ok");
    }
    assertThat(seen.getFirst().field("expect")).isEqualTo("100-continue");
  }

  @Test
  void neverEndsACutBodyCleanly() throws Exception {
    application =
        (connection, request) -> {
          if (request.start().contains("/reset")) {
            connection.send("HTTP/1.1 200 OK\r\n\r\n").send(new byte[1000]);
            // Until the proxy has read them, then RST: without it this would be a clean end.
            try {
              Thread.sleep(50);
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
            connection.socket().setSoLinger(true, 0);
          } else if (request.start().contains("/length")) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n").send(new byte[1000]);
          } else {
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc");
          }
          connection.close();
        };
    for (String path : List.of("/length", "/chunked", "/reset")) {
      for (String version : List.of("HTTP/1.1", "HTTP/1.0")) {
        try (RawClient client = new RawClient(port)) {
          client.send("GET " + path + " " + version + "\r\nHost: a\r\n\r\n");
          assertThatThrownBy(client::readResponse)
              .as(path + " " + version)
              .isInstanceOf(IOException.class);
        }
      }
    }
  }

  @Test
  void sharesOneConnectionBetweenTheSidecars() throws Exception {
    byte[] body = random(100_000, 5);
    application =
        (connection, request) ->
            connection
                .send("HTTP/1.1 200 OK\r\nContent-Length: " + request.body().length + "\r\n\r\n")
                .send(request.body());
    List<Future<Integer>> clients = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      clients.add(
          threads.submit(() -> {
            int same = 0;
            try (RawClient client = new RawClient(port)) {
              for (int n = 0; n < 4; n++) {
                client.send(
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + body.length + "\r\n\r\n");
                same +=
                    java.util.Arrays.equals(client.send(body).readResponse().body(), body) ? 1 : 0;
              }
            }
            return same;
          }));
    }
    for (Future<Integer> client : clients) {
      assertThat(client.get(30, TimeUnit.SECONDS)).isEqualTo(4);
    }
    long betweenSidecars =
        loop.dialled.stream()
            .filter(channel ->
                ((InetSocketAddress) channel.remoteAddress()).getPort() != listener.getLocalPort())
            .count();
    assertThat(betweenSidecars).isEqualTo(1);
  }
}
