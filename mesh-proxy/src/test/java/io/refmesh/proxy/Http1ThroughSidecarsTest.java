package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.wire.RawClient;
import io.refmesh.proxy.http.wire.RawClient.Message;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What HTTP/1 promises, row by row, between a raw client and a raw application behind sidecars. */
class Http1ThroughSidecarsTest {

  private final TestMesh mesh = new TestMesh();
  private final RawApplication application = new RawApplication();
  private final TestMesh.Sidecar cart =
      mesh.of("cart", application.address(), AppProtocol.HTTP).start();
  private final TestMesh.Sidecar web = mesh.caller("web").start();
  private RawClient client;

  @BeforeEach
  void connect() throws IOException {
    HostPort listener =
        web.calls(
            TestMesh.destination(
                cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint())));
    client = new RawClient(new Socket(listener.host(), listener.port()));
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    mesh.close();
    application.close();
  }

  private Message ask(String request) throws IOException {
    return client.send(request).readResponse();
  }

  @Test
  void case30WhatBelongsToOneConnectionStaysThere() throws IOException {
    application.answers(
        "HTTP/1.1 200 OK\r\nConnection: bar, keep-alive\r\nKeep-Alive: timeout=5\r\nbar: 1\r\n"
            + "x-end: 2\r\ncontent-length: 0\r\n\r\n");
    Message answer =
        ask(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, keep-alive\r\nfoo: 1\r\n"
                + "Proxy-Connection: keep-alive\r\nX-End: 1\r\n\r\n");
    Message seen = application.request(0);
    for (String name : List.of("connection", "keep-alive", "proxy-connection", "foo")) {
      assertThat(seen.field(name)).as(name).isNull();
    }
    for (String name : List.of("connection", "keep-alive", "bar")) {
      assertThat(answer.field(name)).as(name).isNull();
    }
    assertThat(seen.field("x-end")).isEqualTo("1");
    assertThat(answer.field("x-end")).isEqualTo("2");
  }

  @Test
  void case35TheFramingIsTheOneThatWasChosen() throws IOException {
    ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assertThat(application.request(0).field("content-length")).isEqualTo("3");
    assertThat(application.request(0).field("transfer-encoding")).isNull();
    assertThat(application.request(1).field("content-length")).isNull();
    assertThat(application.request(1).field("transfer-encoding")).isEqualTo("chunked");
    assertThat(application.request(2).field("content-length")).isNull();
    assertThat(application.request(2).field("transfer-encoding")).isNull();
    assertThat(application.request(3).field("content-length")).isEqualTo("0");
    assertThat(application.request(0).text()).isEqualTo(application.request(1).text());
  }

  @Test
  void case36AnswersWithoutBodyStayWithoutIt() throws IOException {
    application.behave((connection, request) ->
        connection.send(
            switch (request.start().split(" ", 3)[1]) {
              case "/head" -> "HTTP/1.1 200 OK\r\ncontent-length: 42\r\n\r\n";
              case "/204" -> "HTTP/1.1 204 No Content\r\n\r\n";
              default -> "HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n";
            }));
    Message head = client.send("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n").readResponse(true);
    assertThat(head.field("content-length")).isEqualTo("42");
    for (int status : List.of(204, 304)) {
      Message answer = ask("GET /" + status + " HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(answer.status()).isEqualTo(status);
      assertThat(answer.field("content-length")).isNull();
      assertThat(answer.field("transfer-encoding")).isNull();
    }
    assertThat(application.connections).hasValue(1);
  }

  @Test
  void case37ABodyThatEndsWithTheConnectionArrivesWhole() throws IOException {
    application.behave((connection, request) -> {
      connection.send("HTTP/1.0 200 OK\r\n\r\nall of it");
      connection.socket().close();
    });
    assertThat(ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").text()).isEqualTo("all of it");
    Message old = ask("GET / HTTP/1.0\r\n\r\n");
    assertThat(old.text()).isEqualTo("all of it");
    assertThat(application.request(1).start()).isEqualTo("GET / HTTP/1.0");
  }

  @Test
  @Acceptance(39)
  void case39EachRequestWithoutHostHasAServerConnectionOfItsOwn() throws IOException {
    for (int i = 0; i < 3; i++) {
      assertThat(ask("GET /" + i + " HTTP/1.1\r\n\r\n").status()).isEqualTo(200);
    }
    ask("GET /shared HTTP/1.1\r\nHost: a\r\n\r\n");
    ask("GET /shared HTTP/1.1\r\nHost: a\r\n\r\n");
    ask("GET /3 HTTP/1.1\r\n\r\n");
    assertThat(application.seen.stream().map(RawApplication.Seen::connection))
        .containsExactly(1, 2, 3, 4, 4, 5);
    assertThat(application.request(0).field("host")).isNull();
  }

  @Test
  @Acceptance(40)
  void case40ARequestInAbsoluteFormReachesTheServerUnchanged() throws IOException {
    ask("GET http://other.example:81/a?b HTTP/1.1\r\nHost: cart.shop\r\n\r\n");
    ask("GET http://cart.shop/ HTTP/1.1\r\nHost: cart.shop\r\n\r\n");
    assertThat(application.request(0).start())
        .isEqualTo("GET http://other.example:81/a?b HTTP/1.1");
    assertThat(application.request(0).field("host")).isEqualTo("cart.shop");
    assertThat(application.request(0).field("x-mesh-absolute-host")).isNull();
    assertThat(application.request(1).start()).isEqualTo("GET http://cart.shop/ HTTP/1.1");
  }

  @Test
  void passes100ContinueOnAndTrailersBothWays() throws IOException {
    application.behave((connection, request) ->
        connection.send(
            "HTTP/1.1 200 OK\r\n"
                + "transfer-encoding: chunked\r\n\r\n"
                + "2\r\n"
                + "ok\r\n"
                + "0\r\n"
                + "x-sum: 7\r\n\r\n"));
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nabc\r\n0\r\nX-Count: 3\r\n\r\n");
    Message answer = client.readResponse();
    assertThat(answer.text()).isEqualTo("ok");
    assertThat(answer.trailers()).containsExactly("x-sum: 7");
    assertThat(application.request(0).trailers()).containsExactly("x-count: 3");
    assertThat(application.request(0).field("te")).isEqualTo("trailers");
  }

  @Test
  void answersPipelinedRequestsInOrderOnOneServerConnection() throws IOException {
    application.behave((connection, request) -> {
      String path = request.start().split(" ", 3)[1];
      connection.send("HTTP/1.1 200 OK\r\ncontent-length: " + path.length() + "\r\n\r\n" + path);
    });
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 20; i++) {
      all.append("GET /").append(i).append(" HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    client.send(all.toString());
    for (int i = 0; i < 20; i++) {
      assertThat(client.readResponse().text()).isEqualTo("/" + i);
    }
    assertThat(application.connections).hasValue(1);
  }

  @Test
  void replaysARequestWhoseKeptConnectionWasClosedBeforeAByteOfTheAnswer() throws IOException {
    application.behave((connection, request) -> {
      connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      if (application.seen.size() == 1) {
        // Takes the next request, and closes in place of an answer.
        connection.readHead();
        connection.socket().close();
      }
    });
    assertThat(ask("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n").status()).isEqualTo(200);
    assertThat(ask("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n").status()).isEqualTo(200);
    assertThat(application.connections).hasValue(2);
    assertThat(web.count("retry_total")).isZero();
  }

  @Test
  void answersACallerThatHasEndedItsSide() throws IOException {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    client.socket().shutdownOutput();
    assertThat(client.readResponse().text()).isEqualTo("hi");
    assertThat(client.isClosed()).isTrue();
    Eventually.holds(() -> web.count("response_total", "outbound", "status_code=\"200\"") == 1);
  }

  @Test
  void case48TheLimitOfAHeadIsToldAndCounted() throws IOException {
    assertThat(ask("GET / HTTP/1.1\r\nHost: a\r\nx: " + "a".repeat(60_000) + "\r\n\r\n").status())
        .isEqualTo(200);
    Message answer = ask("GET / HTTP/1.1\r\nHost: a\r\nx: " + "a".repeat(70_000) + "\r\n\r\n");
    assertThat(answer.status()).isEqualTo(431);
    assertThat(answer.field("x-mesh-error")).isEqualTo("header-too-large");
    assertThat(answer.text()).contains("65536 bytes");
    assertThat(web.count("refused_total", "outbound", "header-too-large")).isEqualTo(1);
    assertThat(application.seen).hasSize(1);
  }
}
