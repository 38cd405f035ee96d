package io.refmesh.proxy.http.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.Channel;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.RequestHead.Version;
import io.refmesh.proxy.http.server.ServerSettings.Role;
import io.refmesh.proxy.http.wire.Loop;
import io.refmesh.proxy.http.wire.RawClient;
import io.refmesh.proxy.http.wire.RawClient.Message;
import io.refmesh.proxy.http.wire.ScriptedApplication;
import io.refmesh.proxy.http.wire.ScriptedApplication.Call;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * HTTP/1 from callers, on real sockets. Long because each rule of RFC 9112 is a case of its own,
 * and all of them share one server and one raw client.
 */
final class Http1ServerTest {

  private static final Caller STRANGER =
      new Caller(new InetSocketAddress("127.0.0.1", 4000), Optional.empty(), false);
  private static final Caller MESHED =
      new Caller(new InetSocketAddress("127.0.0.1", 4000), Optional.of(Loop.CART), true);

  private final Loop loop = new Loop();
  private final ScriptedApplication application = new ScriptedApplication();
  private final List<ServerConnection> connections = new CopyOnWriteArrayList<>();

  @AfterEach
  void everyBufferIsReleased() {
    loop.close();
  }

  private ServerSettings settings(Role role) {
    return ServerSettings.of(role, loop.ticker);
  }

  private int serve() {
    return serve(settings(Role.OUTBOUND), STRANGER);
  }

  private int serve(ServerSettings settings, Caller caller) {
    return loop.listen(
        pipeline -> connections.add(Http1Server.install(pipeline, application, caller, settings)));
  }

  private RawClient client() throws IOException {
    return new RawClient(serve());
  }

  private Call call(int index) {
    loop.until("call " + index + " arrives", () -> application.calls.size() > index);
    return application.calls.get(index);
  }

  @Test
  void answersRequestsOnOneConnection() throws IOException {
    application.answers("hello");
    try (RawClient client = client()) {
      for (int i = 0; i < 3; i++) {
        Message answer =
            client.send("GET /a?b=c HTTP/1.1\r\nHost: cart\r\nX-Kind: Good\r\n\r\n").readResponse();
        assertThat(answer.start()).isEqualTo("HTTP/1.1 200 OK");
        assertThat(answer.text()).isEqualTo("hello");
        assertThat(answer.field("connection")).isNull();
      }
    }
    Call call = call(2);
    assertThat(call.exchange.request().method()).isEqualTo("GET");
    assertThat(call.exchange.request().path()).isEqualTo("/a?b=c");
    assertThat(call.exchange.request().authority()).isEqualTo("cart");
    assertThat(call.exchange.request().version()).isEqualTo(Version.HTTP_1_1);
    assertThat(call.exchange.request().endOfStream()).isTrue();
    assertThat(call.exchange.request().headers().get("x-kind")).hasToString("Good");
    assertThat(call.exchange.request().headers().contains("host")).isFalse();
    loop.until("nothing is in flight", () -> connections.getFirst().inFlight() == 0);
  }

  @Test
  void answersPipelinedRequestsInTheirOrder() throws IOException {
    application.script(call -> {
      String path = call.exchange.request().path();
      call.whenRead(() -> loop.loop().execute(() -> call.answer(200, path)));
    });
    try (RawClient client = client()) {
      client.send(
          "POST /1 HTTP/1.1\r\n"
              + "Host: a\r\n"
              + "Content-Length: 3\r\n\r\n"
              + "abcGET /2 HTTP/1.1\r\n"
              + "Host: a\r\n\r\n"
              + "POST /3 HTTP/1.1\r\n"
              + "Host: a\r\n"
              + "Transfer-Encoding: chunked\r\n\r\n"
              + "2\r\n"
              + "de\r\n"
              + "0\r\n\r\n"
              + "GET /4 HTTP/1.1\r\n"
              + "Host: a\r\n\r\n");
      for (int i = 1; i <= 4; i++) {
        assertThat(client.readResponse().text()).isEqualTo("/" + i);
      }
      assertThat(client.send("GET /5 HTTP/1.1\r\nHost: a\r\n\r\n").readResponse().text())
          .isEqualTo("/5");
    }
    assertThat(call(0).body()).asString().isEqualTo("abc");
    assertThat(call(2).body()).asString().isEqualTo("de");
  }

  @Test
  @Acceptance(30)
  void removesWhatBelongsToOneConnection() throws IOException {
    application.answers("");
    try (RawClient client = client()) {
      client
          .send(
              "GET / HTTP/1.1\r\n"
                  + "Host: a\r\n"
                  + "Connection: keep-alive, X-Foo , TE\r\n"
                  + "X-Foo: 1\r\n"
                  + "Keep-Alive: timeout=5\r\n"
                  + "Proxy-Connection: keep-alive\r\n"
                  + "Upgrade: h2c\r\n"
                  + "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
                  + "TE: trailers, deflate\r\n"
                  + "X-Bar: 2\r\n\r\n")
          .readResponse();
    }
    assertThat(call(0).exchange.request().headers())
        .extracting(field -> field.getKey() + "=" + field.getValue())
        .containsExactlyInAnyOrder("te=trailers", "x-bar=2");
  }

  @Test
  void servesAnUpgradeWithABodyWithoutTheUpgrade() throws IOException {
    application.script(call -> call.whenRead(() -> call.answer(200, "plain")));
    try (RawClient client = client()) {
      String request =
          "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
      Message sized = client.send(request + "Content-Length: 3\r\n\r\nabc").readResponse();
      assertThat(sized.start()).isEqualTo("HTTP/1.1 200 OK");
      Message chunked =
          client
              .send(request + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
              .readResponse();
      assertThat(chunked.text()).isEqualTo("plain");
    }
    for (int i = 0; i < 2; i++) {
      assertThat(call(i).exchange.request().upgrade()).isEmpty();
      assertThat(call(i).exchange.request().headers().contains("upgrade")).isFalse();
      assertThat(call(i).body()).asString().isEqualTo("abc");
    }
  }

  @Test
  void readsTheAbsoluteForm() throws IOException {
    application.answers("");
    try (RawClient client = client()) {
      client.send("GET http://Cart.shop:80/x?y HTTP/1.1\r\nHost: other\r\n\r\n").readResponse();
      client.send("OPTIONS http://cart.shop HTTP/1.1\r\nHost: cart.shop\r\n\r\n").readResponse();
      client.send("OPTIONS * HTTP/1.1\r\nHost: cart.shop\r\n\r\n").readResponse();
    }
    assertThat(call(0).exchange.request().authority()).isEqualTo("Cart.shop:80");
    assertThat(call(0).exchange.request().path()).isEqualTo("/x?y");
    assertThat(call(1).exchange.request().path()).isEqualTo("*");
    assertThat(call(2).exchange.request().path()).isEqualTo("*");
  }

  @Test
  void letsRequestsWithoutHostPassAsTheyAre() throws IOException {
    application.answers("");
    try (RawClient client = client()) {
      assertThat(client.send("GET / HTTP/1.1\r\n\r\n").readResponse().status()).isEqualTo(200);
    }
    assertThat(call(0).exchange.request().authority()).isEmpty();
  }

  @Test
  void closesAfterAnHttp10RequestUnlessAskedToKeepTheConnection() throws IOException {
    application.answers("x");
    int port = serve();
    try (RawClient client = new RawClient(port)) {
      Message kept = client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").readResponse();
      assertThat(kept.field("connection")).isEqualTo("keep-alive");
      Message last = client.send("GET / HTTP/1.0\r\n\r\n").readResponse();
      assertThat(last.field("connection")).isEqualTo("close");
      assertThat(client.isClosed()).isTrue();
    }
    assertThat(call(1).exchange.request().version()).isEqualTo(Version.HTTP_1_0);
  }

  @Test
  void endsABodyOfUnknownLengthForHttp10WithTheConnection() throws IOException {
    application.script(call -> {
      call.begin(200);
      call.send(new byte[100_000]);
      call.end(null);
      call.done(new Outcome.Answered(200, -1));
    });
    try (RawClient client = client()) {
      Message answer =
          client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").readResponse();
      assertThat(answer.field("transfer-encoding")).isNull();
      assertThat(answer.body()).hasSize(100_000);
    }
  }

  @Test
  @Acceptance(36)
  void addsNoFramingWhereThereIsNoBody() throws IOException {
    application.script(call -> {
      switch (call.exchange.request().path()) {
        case "/204" -> call.answer(204, "");
        case "/304" -> call.answer(304, "", "content-length", "1234");
        case "/empty" -> call.answer(200, "");
        default -> call.answer(200, "", "content-length", "77");
      }
    });
    try (RawClient client = client()) {
      Message head = client.send("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n").readResponse(true);
      assertThat(head.field("content-length")).isEqualTo("77");
      Message none = client.send("GET /204 HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      assertThat(none.fields()).isEmpty();
      Message unchanged = client.send("GET /304 HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      assertThat(unchanged.fields()).containsExactly("content-length: 1234");
      Message empty = client.send("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      assertThat(empty.fields()).containsExactly("content-length: 0");
    }
  }

  @Test
  void sendsTrailersAfterAChunkedBodyAndReadsThem() throws IOException {
    application.script(call ->
        call.whenRead(() -> {
          call.begin(200);
          call.send(call.body());
          call.end(ScriptedApplication.headers("x-sum", "7"));
          call.done(new Outcome.Answered(200, -1));
        }));
    try (RawClient client = client()) {
      Message answer =
          client
              .send(
                  "POST / HTTP/1.1\r\n"
                      + "Host: a\r\n"
                      + "Transfer-Encoding: chunked\r\n"
                      + "Trailer: X-In\r\n\r\n"
                      + "4;ext=1\r\n"
                      + "abcd\r\n"
                      + "0\r\n"
                      + "X-In: 9\r\n\r\n")
              .readResponse();
      assertThat(answer.text()).isEqualTo("abcd");
      assertThat(answer.trailers()).containsExactly("x-sum: 7");
    }
    assertThat(call(0).requestTrailers).isNotNull();
    assertThat(call(0).requestTrailers.get("x-in")).hasToString("9");
    assertThat(call(0).exchange.request().headers().contains("transfer-encoding")).isFalse();
  }

  @Test
  void passesInformationalHeadsOn() throws IOException {
    application.script(call -> {
      call.inform(100);
      call.whenRead(() -> call.answer(200, "done"));
    });
    try (RawClient client = client()) {
      client.send(
          "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
      assertThat(client.readResponse().status()).isEqualTo(100);
      assertThat(client.send("ab").readResponse().text()).isEqualTo("done");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST / HTTP/1.1\r\n"
            + "Host: a\r\n"
            + "Content-Length: 3\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n"
            + "0\r\n\r\n",
        "POST / HTTP/1.1\r\n"
            + "Host: a\r\n"
            + "Transfer-Encoding: chunked\r\n"
            + "Content-Length: 3\r\n\r\n"
            + "0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n"
            + "Host: a\r\n"
            + "Transfer-Encoding: chunked\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n"
            + "0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\tfolded\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\u0000Y: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\u00002\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\tGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\u0000GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\t\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/11\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
        "GET /\rX HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\u00012\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX(Y): 1\r\n\r\n",
        "GET /a\u0001b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT / HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT u@a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 0\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nTransfer-Encoding: chunked\r\n\r\n",
      })
  void refusesWhatCouldBeReadInTwoWays(String request) throws IOException {
    application.answers("must not be reached");
    try (RawClient client = client()) {
      Message answer = client.send(request).readResponse();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.field("x-mesh-error")).isEqualTo("bad-request");
      assertThat(answer.field("connection")).isEqualTo("close");
      assertThat(client.isClosed()).isTrue();
    }
    assertThat(application.calls).isEmpty();
  }

  @Test
  void findsAFoldThatComesByteByByte() throws IOException {
    application.answers("must not be reached");
    try (RawClient client = client()) {
      for (char c : "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n ".toCharArray()) {
        client.send(String.valueOf(c));
        loop.run(() -> {});
      }
      assertThat(client.readResponse().status()).isEqualTo(400);
    }
    assertThat(application.calls).isEmpty();
  }

  @Test
  void readsAHeadThatComesByteByByte() throws IOException {
    application.script(call -> call.whenRead(() -> call.answer(200, "ok")));
    try (RawClient client = client()) {
      String request = "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\n b c";
      for (char c : request.toCharArray()) {
        client.send(String.valueOf(c));
        loop.run(() -> {});
      }
      assertThat(client.readResponse().text()).isEqualTo("ok");
    }
    assertThat(call(0).body()).asString().isEqualTo("\n b c");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "g\r\nabc",
        "-1\r\nabc",
        "3 \r\nabc\r\n",
        "fffffffff\r\nabc",
        "\r\nabc",
        "3\nabc\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3;a\nb\r\nabc\r\n0\r\n\r\n"
      })
  void refusesBadChunks(String chunks) throws IOException {
    application.script(Call::read);
    try (RawClient client = client()) {
      Message answer =
          client
              .send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
              .readResponse();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(client.isClosed()).isTrue();
    }
    assertThat(call(0).cancelled).isInstanceOf(Outcome.Failed.class);
    assertThat(call(0).requestEnded).isFalse();
    assertThat(connections.getFirst().inFlight()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0\r\nX: 1\r\n folded\r\n\r\n",
        "0\r\nX: 1\r\n\tfolded\r\n\r\n",
        "0\r\nX: 1\r\n folded: 2\r\n\r\n",
        "0\r\n X: 1\r\n\r\n",
        "00;a=b\r\nX: 1\r\nY: 2\r\n \r\n\r\n",
        "3\r\nabc\r\n0\r\nContent-Length: 1\r\n 2\r\n\r\n",
      })
  void refusesAFoldedTrailerHoweverItComes(String chunks) throws IOException {
    application.script(Call::read);
    String head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    int port = serve();
    try (RawClient client = new RawClient(port)) {
      Message answer = client.send(head + chunks).readResponse();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.text()).contains("continued on the next");
      assertThat(client.isClosed()).isTrue();
    }
    try (RawClient client = new RawClient(port)) {
      client.send(head);
      for (char c : chunks.substring(0, chunks.length() - 3).toCharArray()) {
        client.send(String.valueOf(c));
        loop.run(() -> {});
      }
      assertThat(client.readResponse().status()).isEqualTo(400);
    }
    assertThat(call(0).requestEnded).isFalse();
    assertThat(call(1).requestEnded).isFalse();
  }

  @Test
  void readsChunksAndTrailersThatComeByteByByte() throws IOException {
    application.script(call -> call.whenRead(() -> call.answer(200, "ok")));
    try (RawClient client = client()) {
      String request =
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
              + "3\r\n 0\r\r\n03\r\n\n x\r\n0\r\nX: 1\r\nY:\t2\r\n\r\n";
      for (char c : request.toCharArray()) {
        client.send(String.valueOf(c));
        loop.run(() -> {});
      }
      assertThat(client.readResponse().text()).isEqualTo("ok");
      assertThat(client.send("GET /2 HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n").readResponse().text())
          .isEqualTo("ok");
    }
    assertThat(call(0).body()).asString().isEqualTo(" 0\r\n x");
    assertThat(call(0).requestTrailers).hasSize(2);
  }

  @Test
  void refusesTrailersThatAreTooLarge() throws IOException {
    application.script(Call::read);
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ");
      assertThat(client.send("x".repeat(70_000)).readResponse().status()).isEqualTo(431);
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void refusesABadRequestAfterTheOnesBeforeItAreAnswered() throws IOException {
    try (RawClient client = client()) {
      client.send(
          "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n");
      Call first = call(0);
      loop.run(() -> first.answer(200, "first"));
      assertThat(client.readResponse().text()).isEqualTo("first");
      assertThat(client.readResponse().status()).isEqualTo(400);
      assertThat(client.isClosed()).isTrue();
    }
    assertThat(application.calls).hasSize(1);
  }

  @Test
  @Acceptance(48)
  void refusesAHeadThatIsTooLarge() throws IOException {
    application.answers("ok");
    int port = serve();
    try (RawClient client = new RawClient(port)) {
      String padding = "x".repeat(65_000);
      assertThat(
              client
                  .send("GET / HTTP/1.1\r\nHost: a\r\nX: " + padding + "\r\n\r\n")
                  .readResponse()
                  .status())
          .isEqualTo(200);
      Message answer =
          client
              .send("GET / HTTP/1.1\r\nHost: a\r\nX: x" + padding + padding + "\r\n\r\n")
              .readResponse();
      assertThat(answer.status()).isEqualTo(431);
      assertThat(answer.field("x-mesh-error")).isEqualTo("header-too-large");
      assertThat(answer.text()).contains("65536 bytes");
      assertThat(client.isClosed()).isTrue();
    }
    try (RawClient client = new RawClient(port)) {
      Message answer =
          client.send("GET /" + "x".repeat(70_000) + " HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      assertThat(answer.status()).isEqualTo(431);
    }
    assertThat(application.calls).hasSize(1);
  }

  @Test
  void refusesAHeadThatDoesNotEndInTime() throws IOException {
    ServerSettings settings = settings(Role.OUTBOUND).withHeaders(65_536, Duration.ofMillis(50));
    application.answers("ok");
    try (RawClient client = new RawClient(serve(settings, STRANGER))) {
      assertThat(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse().status())
          .isEqualTo(200);
      Message answer = client.send("GET / HTTP/1.1\r\nHos").readResponse();
      assertThat(answer.status()).isEqualTo(408);
      assertThat(answer.field("x-mesh-error")).isEqualTo("header-timeout");
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void tellsTheCallerWhatWentWrong() throws IOException {
    application.script(
        call -> call.done(Outcome.Failed.before(MeshError.NO_ENDPOINTS, "shop/cart:8080")));
    try (RawClient client = client()) {
      Message answer = client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.field("x-mesh-error")).isEqualTo("no-endpoints");
      assertThat(answer.text()).contains("shop/cart:8080");
      Message head = client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse(true);
      assertThat(head.status()).isEqualTo(503);
      assertThat(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse().status())
          .isEqualTo(503);
    }
  }

  @Test
  void tellsStrangersTheStatusOnly() throws IOException {
    application.script(call -> call.done(Outcome.Failed.before(MeshError.DENIED, "rule secret")));
    try (RawClient client = new RawClient(serve(settings(Role.INBOUND), STRANGER))) {
      Message answer = client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      assertThat(answer.status()).isEqualTo(403);
      assertThat(answer.fields()).containsExactly("content-length: 0");
    }
  }

  @Test
  void neverEndsACutBodyCleanly() throws IOException {
    application.script(call -> {
      call.begin(
          200,
          call.exchange.request().path().equals("/length")
              ? new String[] {"content-length", "9"}
              : new String[0]);
      call.send("abc".getBytes(java.nio.charset.StandardCharsets.UTF_8));
      loop.loop()
          .schedule(
              () ->
                  call.fail(
                      new Outcome.Failed(
                          MeshError.UPSTREAM_RESET, "gone", Outcome.Progress.HEAD_RECEIVED)),
              50,
              java.util.concurrent.TimeUnit.MILLISECONDS);
    });
    int port = serve();
    for (String request : List.of("GET / HTTP/1.1", "GET /length HTTP/1.1", "GET / HTTP/1.0")) {
      try (RawClient client = new RawClient(port)) {
        client.send(request + "\r\nHost: a\r\n\r\n");
        assertThat(client.readHead().status()).isEqualTo(200);
        // A clean end of the connection would end the body of the HTTP/1.0 response.
        assertThatThrownBy(
                () -> {
                  while (client.read() >= 0) {}
                })
            .as(request)
            .isInstanceOf(SocketException.class);
      }
    }
    loop.until("all are done", () -> connections.stream().allMatch(c -> c.inFlight() == 0));
  }

  @Test
  void cutsABodyThatIsLongerOrShorterThanItsLength() throws IOException {
    application.script(call -> {
      call.begin(200, "content-length", "4");
      call.send(new byte[call.exchange.request().path().equals("/long") ? 5 : 3]);
      call.end(null);
      if (call.cancelled == null) {
        call.done(new Outcome.Answered(200, -1));
      }
    });
    int port = serve();
    for (String path : List.of("/long", "/short")) {
      try (RawClient client = new RawClient(port)) {
        client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThatThrownBy(client::readResponse)
            .as(path)
            .isInstanceOfAny(SocketException.class, EOFException.class);
      }
    }
  }

  @Test
  void cancelsTheExchangeWhenTheCallerGoesAway() throws IOException {
    application.script(Call::read);
    int port = serve();
    try (RawClient client = new RawClient(port)) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
      call(0);
    }
    Call first = call(0);
    loop.until("cancelled", () -> first.cancelled != null);
    assertThat(first.cancelled).isEqualTo(new Outcome.CallerGone(Outcome.Progress.SENT));
    loop.until("the body failed", () -> first.requestFailed != null);
    try (RawClient client = new RawClient(port)) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      call(1);
      loop.run(() -> application.calls.get(1).begin(200));
      client.readHead();
      client.socket().setSoLinger(true, 0);
    }
    Call second = call(1);
    loop.until("cancelled", () -> second.cancelled != null);
    assertThat(second.cancelled).isEqualTo(new Outcome.CallerGone(Outcome.Progress.HEAD_RECEIVED));
    assertThat(second.responseAbandoned).isTrue();
    assertThat(connections).allMatch(c -> c.inFlight() == 0);
  }

  @Test
  void answersACallerThatHasEndedItsSide() throws IOException {
    try (RawClient client = client()) {
      client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
      client.socket().shutdownOutput();
      Call first = call(0);
      loop.run(() -> first.answer(200, "one"));
      assertThat(client.readResponse().text()).isEqualTo("one");
      Call second = call(1);
      loop.run(() -> second.answer(200, "two"));
      assertThat(client.readResponse().text()).isEqualTo("two");
      assertThat(client.isClosed()).isTrue();
      assertThat(second.cancelled).isNull();
    }
    loop.until("closed", () -> loop.accepted.stream().noneMatch(Channel::isOpen));
  }

  @Test
  void closesAnIdleConnectionWhoseCallerHasEndedItsSide() throws IOException {
    application.answers("x");
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      client.socket().shutdownOutput();
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void noticesACallerThatLeavesWhileReadingIsPaused() throws IOException {
    application.script(call -> {
      call.slow = true;
      call.read();
    });
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
      client.send(new byte[200_000]);
      Call call = call(0);
      loop.until("reading pauses", () -> !loop.accepted.getFirst().config().isAutoRead());
      client.socket().setSoLinger(true, 0);
      assertThat(call.cancelled).isNull();
    }
    Call call = call(0);
    loop.until("cancelled", () -> call.cancelled != null);
    try (RawClient client = new RawClient(serve())) {
      client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
      call(1);
      loop.until("reading pauses", () -> !loop.accepted.getLast().config().isAutoRead());
      client.socket().setSoLinger(true, 0);
    }
    Call ahead = call(1);
    loop.until("cancelled", () -> ahead.cancelled != null);
  }

  @Test
  void answersBeforeTheRequestIsReadAndKeepsTheConnection() throws IOException {
    application.script(call -> call.answer(413, "too much"));
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
      assertThat(client.readResponse().status()).isEqualTo(413);
      client.send(new byte[300_000]);
      assertThat(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse().status())
          .isEqualTo(413);
    }
  }

  @Test
  void stopsReadingABodyThatNobodyTakes() throws IOException {
    application.script(call -> {
      call.slow = true;
      call.read();
    });
    try (RawClient client = client()) {
      client.socket().setSendBufferSize(64 * 1024);
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n");
      Thread writer =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  client.send(new byte[8_000_000]);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      Call call = call(0);
      loop.until("reading stops", () -> !loop.accepted.getFirst().config().isAutoRead());
      assertThat(call.received).isLessThan(512 * 1024);
      // Credit comes back: all of it arrives.
      loop.run(() -> {
        call.slow = false;
        call.exchange.body().consumed(call.received);
      });
      loop.until("all is read", () -> call.requestEnded);
      assertThat(call.received).isEqualTo(8_000_000);
      loop.run(() -> call.answer(200, "ok"));
      assertThat(client.readResponse().text()).isEqualTo("ok");
      assertThat(writer.isAlive()).isFalse();
    }
  }

  @Test
  void givesCreditForAResponseOnlyAsTheCallerTakesIt() throws IOException {
    int size = 64 * 1024;
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      Call call = call(0);
      loop.run(() -> call.begin(200));
      int total = loop.fill(size, () -> call.send(new byte[size]), () -> call.credit);
      loop.run(() -> {
        call.end(null);
        call.done(new Outcome.Answered(200, -1));
      });
      assertThat(client.readResponse().body()).hasSize(total);
    }
  }

  @Test
  void drainsAfterTheAnswerInFlight() throws IOException {
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      Call call = call(0);
      loop.run(() -> loop.accepted.getFirst().pipeline().fireUserEventTriggered(Drain.EVENT));
      loop.run(() -> call.answer(200, "last"));
      Message answer = client.readResponse();
      assertThat(answer.text()).isEqualTo("last");
      assertThat(answer.field("connection")).isEqualTo("close");
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void drainsAnIdleConnectionAfterWaitingForOneMoreRequest() throws IOException {
    application.answers("x");
    int port = serve();
    try (RawClient idle = new RawClient(port);
        RawClient busy = new RawClient(port)) {
      idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      loop.run(() ->
          loop.accepted.forEach(channel -> channel.pipeline().fireUserEventTriggered(Drain.EVENT)));
      Message last = busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      assertThat(last.field("connection")).isEqualTo("close");
      assertThat(busy.isClosed()).isTrue();
      assertThat(idle.isClosed()).isTrue();
    }
  }

  @Test
  void believesOnlyWhatTheConnectionProved() throws IOException {
    application.answers("");
    String request =
        "GET / HTTP/1.1\r\n"
            + "Host: a\r\n"
            + "X-Mesh-Try: 3\r\n"
            + "X-MESH-whatever: 1\r\n"
            + "X-Forwarded-Client-Cert: URI=spiffe://evil\r\n\r\n";
    try (RawClient client = new RawClient(serve(settings(Role.OUTBOUND), STRANGER))) {
      client.send(request).readResponse();
    }
    try (RawClient client = new RawClient(serve(settings(Role.INBOUND), STRANGER))) {
      client.send(request).readResponse();
    }
    try (RawClient client = new RawClient(serve(settings(Role.INBOUND), MESHED))) {
      client.send(request).readResponse();
    }
    assertThat(call(0).exchange.request().headers()).isEmpty();
    assertThat(call(1).exchange.request().headers()).isEmpty();
    assertThat(call(2).exchange.request().headers())
        .extracting(field -> field.getKey() + "=" + field.getValue())
        .containsExactlyInAnyOrder(
            "x-mesh-try=3",
            "x-mesh-whatever=1",
            "x-forwarded-client-cert=URI=spiffe://cluster.local/ns/shop/sa/cart");
  }
}
