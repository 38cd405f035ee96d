package io.refmesh.proxy.http.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelPipeline;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.http.Http2Limits;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.RequestHead.Version;
import io.refmesh.proxy.http.server.Http1Server;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.http.wire.RawClient;
import io.refmesh.proxy.http.wire.RawClient.Message;
import io.refmesh.proxy.http.wire.Requests;
import io.refmesh.proxy.http.wire.Requests.Sent;
import io.refmesh.proxy.http.wire.ScriptedApplication.Call;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/1 towards an application, and what only HTTP/1 has. */
final class Http1ClientTest extends HttpClientContract {

  private ServerSocket listener;

  @Override
  Version version() {
    return Version.HTTP_1_1;
  }

  @Override
  boolean sidecar() {
    return false;
  }

  @Override
  void serve(ChannelPipeline pipeline, ServerSettings settings) {
    Http1Server.install(pipeline, application, SIDECAR, settings);
  }

  @BeforeEach
  void listenRaw() throws IOException {
    listener = new ServerSocket(0);
  }

  @AfterEach
  void closeRaw() throws IOException {
    listener.close();
  }

  private Requests raw() {
    return requests(loop.upstream(listener.getLocalPort(), false));
  }

  private Requests raw(ClientSettings settings) {
    return requests(
        loop.upstream(listener.getLocalPort(), false, settings, BackendSettings.DEFAULT));
  }

  private RawClient accept() throws IOException {
    return new RawClient(listener.accept());
  }

  @Test
  void replaysASafeRequestWhenTheServerHadClosedTheKeptConnection() throws IOException {
    Requests requests = raw();
    Sent first = requests.get("/1");
    RawClient kept = accept();
    kept.readRequest();
    kept.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    first.await();
    Sent second = requests.get("/2");
    // The request is read, so the close comes after it was sent.
    kept.readRequest();
    kept.close();
    try (RawClient fresh = accept()) {
      Message again = fresh.readRequest();
      assertThat(again.start()).isEqualTo("GET /2 HTTP/1.1");
      fresh.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");
      assertThat(second.await()).isEqualTo(new Outcome.Answered(200, -1));
      assertThat(second.body()).asString().isEqualTo("b");
    }
  }

  @Test
  void doesNotReplayWhatMayHaveHadItsEffect() throws IOException {
    Requests requests = raw();
    Sent first = requests.get("/1");
    try (RawClient kept = accept()) {
      kept.readRequest();
      kept.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
      first.await();
      Sent post = requests.send("POST", "/2", true, "content-length", "0");
      kept.readRequest();
      kept.close();
      assertThat(post.awaitFailure().error()).isEqualTo(MeshError.UPSTREAM_RESET);
      assertThat(post.awaitFailure().progress()).isEqualTo(Progress.SENT);
    }
    // Nor a request on a connection of its own, nor one of whose answer a byte came.
    Sent fresh = requests.get("/3");
    try (RawClient connection = accept()) {
      connection.readRequest();
      connection.close();
      assertThat(fresh.awaitFailure().progress()).isEqualTo(Progress.SENT);
    }
    Sent answered = requests.get("/4");
    try (RawClient connection = accept()) {
      connection.readRequest();
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      answered.await();
      Sent begun = requests.get("/5");
      connection.readRequest();
      connection.send("HTT");
      connection.close();
      assertThat(begun.awaitFailure().progress()).isEqualTo(Progress.SENT);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\n"
            + "Content-Length: 1\r\n\r\n"
            + "aHTTP/1.1 200 OK\r\n"
            + "Content-Length: 1\r\n\r\n"
            + "b",
      })
  void usesAConnectionAgainOnlyAfterACleanEnd(String answer) throws IOException {
    Requests requests = raw();
    Sent first = requests.get("/1");
    try (RawClient connection = accept()) {
      connection.readRequest();
      connection.send(answer);
      assertThat(first.await()).isEqualTo(new Outcome.Answered(200, -1));
      assertThat(first.body()).asString().isEqualTo("a");
      assertThat(connection.isClosed()).isTrue();
    }
    Sent second = requests.get("/2");
    try (RawClient connection = accept()) {
      connection.readRequest();
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nc");
      assertThat(second.await()).isEqualTo(new Outcome.Answered(200, -1));
      assertThat(second.body()).asString().isEqualTo("c");
    }
  }

  @Test
  @Acceptance(37)
  void readsABodyThatEndsWithTheConnection() throws IOException {
    Sent sent = raw().get("/");
    try (RawClient connection = accept()) {
      connection.readRequest();
      connection.send("HTTP/1.1 200 OK\r\n\r\nsome").send(" bytes").close();
      assertThat(sent.await()).isEqualTo(new Outcome.Answered(200, -1));
      assertThat(sent.body()).asString().isEqualTo("some bytes");
    }
  }

  @Test
  void doesNotTakeAResetForTheEndOfABody() throws IOException {
    Sent sent = raw().get("/");
    try (RawClient connection = accept()) {
      connection.readRequest();
      connection.send("HTTP/1.1 200 OK\r\n\r\nsome");
      loop.until("bytes arrive", () -> sent.received == 4);
      connection.socket().setSoLinger(true, 0);
    }
    assertThat(sent.awaitFailure().progress()).isEqualTo(Progress.HEAD_RECEIVED);
    assertThat(sent.responseEnded).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Len",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "nonsense\r\n\r\n",
        "",
      })
  void failsWhenTheAnswerIsCutOrBroken(String answer) throws IOException {
    Sent sent = raw().get("/");
    try (RawClient connection = accept()) {
      connection.readRequest();
      connection.send(answer).socket().shutdownOutput();
      assertThat(sent.awaitFailure().error()).isEqualTo(MeshError.UPSTREAM_RESET);
      assertThat(sent.responseEnded).isFalse();
      assertThat(connection.isClosed()).isTrue();
    }
  }

  @Test
  void readsTheAnswerOfAServerThatStopsReading() throws IOException {
    Sent sent = raw().post("/");
    try (RawClient connection = accept()) {
      connection.readHead();
      connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
      connection.socket().shutdownOutput();
      // Its unread bytes turn the close into a reset.
      for (int i = 0; i < 20 && sent.outcome == null; i++) {
        sent.write(new byte[10_000]);
      }
    }
    assertThat(sent.await()).isEqualTo(new Outcome.Answered(413, -1));
    assertThat(sent.body()).asString().isEqualTo("no");
  }

  @Test
  void closesAConnectionThatIsIdleForLong() throws IOException {
    ClientSettings briefly =
        new ClientSettings(
            65_536,
            262_144,
            4_194_304,
            Duration.ofMillis(50),
            Duration.ofSeconds(10),
            Duration.ofSeconds(3),
            Http2Limits.of(loop.ticker));
    Sent sent = raw(briefly).get("/");
    try (RawClient connection = accept()) {
      connection.readRequest();
      connection.send("HTTP/1.1 204 No Content\r\n\r\n");
      sent.await();
      assertThat(connection.isClosed()).isTrue();
    }
  }

  @Test
  void opensAsManyConnectionsAsThereAreExchangesWithinTheLimit() {
    Requests requests =
        requests(io.refmesh.proxy.http.wire.Loop.backend(2, 10, Duration.ofSeconds(1)));
    Sent a = requests.get("/a");
    Sent b = requests.get("/b");
    Sent c = requests.get("/c");
    Call first = call(0);
    call(1);
    assertThat(application.calls).hasSize(2);
    loop.run(() -> first.answer(200, "a"));
    Call third = call(2);
    loop.run(() -> third.answer(200, "c"));
    Call second = call(1);
    loop.run(() -> second.answer(200, "b"));
    assertThat(a.await()).isEqualTo(b.await()).isEqualTo(c.await());
    assertThat(loop.dialled).hasSize(2);
  }

  @Test
  void speaksToTheApplicationInHttp1AsItIsMeant() throws IOException {
    Requests http2 =
        new Requests(loop, loop.upstream(listener.getLocalPort(), false), Version.HTTP_1_1);
    http2.send(
        "POST",
        "/p?q",
        false,
        "x-a",
        "1",
        "cookie",
        "a=1",
        "cookie",
        "b=2",
        "te",
        "trailers",
        "x-mesh-deadline",
        "5",
        "x-mesh-original-version",
        "HTTP/1.1",
        "x-mesh-try",
        "2");
    try (RawClient connection = accept()) {
      Message head = connection.readHead();
      assertThat(head.start()).isEqualTo("POST /p?q HTTP/1.1");
      assertThat(head.fields())
          .containsExactlyInAnyOrder(
              "host: cart.shop",
              "x-a: 1",
              "x-mesh-deadline: 5",
              "cookie: a=1; b=2",
              "te: trailers",
              "connection: te",
              "x-mesh-try: 2",
              "transfer-encoding: chunked");
    }
  }
}
