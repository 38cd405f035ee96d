package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.wire.RawClient;
import io.refmesh.proxy.http.wire.RawClient.Message;
import java.net.Socket;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Requests that two readers could understand differently, sent to the outbound side of a pair and,
 * without sidecar, to its inbound side: 400, and nothing whole reaches the application.
 */
class SmugglingThroughSidecarsTest {

  private static final String HOST = "Host: cart.shop\r\n";
  private static final String HIDDEN = "GET /hidden HTTP/1.1\r\n" + HOST + "\r\n";

  private final TestMesh mesh = new TestMesh();
  private final RawApplication application = new RawApplication();
  private final TestMesh.Sidecar cart =
      mesh.of("cart", application.address(), AppProtocol.HTTP).start();
  private final TestMesh.Sidecar web = mesh.caller("web").start();

  @AfterEach
  void close() {
    mesh.close();
    application.close();
  }

  static Stream<String> requests() {
    String post = "POST / HTTP/1.1\r\n" + HOST;
    String chunked = post + "Transfer-Encoding: chunked\r\n";
    return Stream.of(
        // Where the body ends.
        post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        post + "Content-Length: 3, 3\r\n\r\nabc",
        post + "Content-Length: +3\r\n\r\nabc",
        post + "Content-Length: 0x3\r\n\r\nabc",
        post + "Content-Length: \r\n\r\n",
        post + "Content-Length: 99999999999999999999\r\n\r\n",
        chunked + "Content-Length: 3\r\n\r\n0\r\n\r\n" + HIDDEN,
        post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        post + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        "POST / HTTP/1.0\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        // Where lines end.
        "GET / HTTP/1.1\n" + HOST + "\r\n",
        "GET / HTTP/1.1\r\nHost: cart.shop\n\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "\n",
        "GET / HTTP/1.1\r\n" + HOST + "X: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "X: a\r\n\tb\r\n\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "X: a\rY: b\r\n\r\n",
        // What a field is.
        "GET / HTTP/1.1\r\nHost : cart.shop\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\t: cart.shop\r\n\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "X: a\u0000b\r\n\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "X\u0000: a\r\n\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "no colon\r\n\r\n",
        "GET / HTTP/1.1\r\n" + HOST + ": no name\r\n\r\n",
        "GET / HTTP/1.1\r\n" + HOST + HOST + "\r\n",
        // What the request line is.
        " GET / HTTP/1.1\r\n" + HOST + "\r\n",
        "\tGET / HTTP/1.1\r\n" + HOST + "\r\n",
        "GET  / HTTP/1.1\r\n" + HOST + "\r\n",
        "GET\t/ HTTP/1.1\r\n" + HOST + "\r\n",
        "GET / HTTP/1.1 \r\n" + HOST + "\r\n",
        "GET / HTTP/1.1\tx\r\n" + HOST + "\r\n",
        "GET /a b HTTP/1.1\r\n" + HOST + "\r\n",
        "GET /\u007f HTTP/1.1\r\n" + HOST + "\r\n",
        "GET http://u@cart.shop/ HTTP/1.1\r\n" + HOST + "\r\n",
        "GET / HTTP/3.0\r\n" + HOST + "\r\n",
        "GET /\r\n\r\n");
  }

  @ParameterizedTest
  @MethodSource("requests")
  void isRefusedOnBothSides(String request) throws Exception {
    HostPort outbound =
        web.calls(
            TestMesh.destination(
                cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint())));
    HostPort inbound = new HostPort(cart.inbound, application.address().port());
    for (HostPort side : List.of(outbound, inbound)) {
      try (RawClient client = new RawClient(new Socket(side.host(), side.port()))) {
        Message answer = client.send(request).readResponse();
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.field("connection")).isEqualTo("close");
        // Strangers are told the status and nothing else.
        assertThat(answer.field("x-mesh-error")).isEqualTo(side == outbound ? "bad-request" : null);
      }
    }
    assertThat(application.seen).isEmpty();
    assertThat(web.count("refused_total", "outbound", "bad-request")).isEqualTo(1);
    assertThat(cart.count("refused_total", "inbound", "bad-request")).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0x3\r\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "g\r\nabc\r\n0\r\n\r\n",
        "\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n",
      })
  void badChunksAreRefusedAndNoWholeRequestArrives(String chunks) throws Exception {
    HostPort outbound =
        web.calls(
            TestMesh.destination(
                cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint())));
    try (RawClient client = new RawClient(new Socket(outbound.host(), outbound.port()))) {
      Message answer =
          client
              .send("POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n" + chunks)
              .readResponse();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.field("x-mesh-error")).isEqualTo("bad-request");
    }
    assertThat(application.seen).isEmpty();
  }
}
