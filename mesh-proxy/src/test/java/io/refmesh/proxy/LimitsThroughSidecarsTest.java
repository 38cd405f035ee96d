package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.wire.RawClient;
import io.refmesh.proxy.http.wire.RawHttp2;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What callers may take of a sidecar is bounded by settings, and reaching a bound is counted. */
class LimitsThroughSidecarsTest {

  private final TestMesh mesh = new TestMesh();
  private final TestApplication application = new TestApplication();
  private final CountDownLatch answer = new CountDownLatch(1);

  @AfterEach
  void close() {
    answer.countDown();
    mesh.close();
    application.close();
  }

  @Test
  void refusesAStreamBeyondThoseThatAConnectionMayHave() throws Exception {
    application.behave(exchange -> {
      try {
        answer.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      TestApplication.status(204).answer(exchange);
    });
    TestMesh.Sidecar cart = with(1000, 2, Duration.ofSeconds(60));
    try (RawHttp2 caller = RawHttp2.dial(cart.endpoint().address())) {
      RawHttp2.Frame settings = caller.readUntil(Http2FrameTypes.SETTINGS);
      assertThat(settings.payload()).containsSequence((byte) 0, 3, 0, 0, 0, 2);
      // The limit holds from when the caller has said that it knows it.
      caller.send(RawHttp2.concat(RawHttp2.get(1), RawHttp2.get(3), RawHttp2.get(5)));

      RawHttp2.Frame refused = caller.readUntil(Http2FrameTypes.RST_STREAM);

      assertThat(refused.stream()).isEqualTo(5);
      assertThat(refused.number(0)).isEqualTo((int) Http2Error.REFUSED_STREAM.code());
      assertThat(cart.count("limit_reached_total", "\"REFMESH_STREAMS\"")).isEqualTo(1);
      // The others are served.
      answer.countDown();
      assertThat(caller.readUntil(Http2FrameTypes.HEADERS).ends()).isTrue();
      assertThat(caller.readUntil(Http2FrameTypes.HEADERS).ends()).isTrue();
    }
  }

  @Test
  void endsABodyThatPausesForTooLong() throws Exception {
    TestMesh.Sidecar cart = with(1000, 100, Duration.ofMillis(200));
    try (RawClient caller = dial(cart)) {
      caller.send("POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\n12");

      assertThat(caller.readResponse().status()).isEqualTo(504);
      assertThat(cart.count("timeout_total", "\"idle\"")).isEqualTo(1);
    }
  }

  @Test
  void refusesAConnectionBeyondThoseThatMayBeOpen() throws Exception {
    TestMesh.Sidecar cart = with(1, 100, Duration.ofSeconds(60));
    try (RawClient first = dial(cart)) {
      first.send("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
      assertThat(first.readResponse().status()).isEqualTo(200);
      try (RawClient second = dial(cart)) {
        assertThat(second.isClosed()).isTrue();
      } catch (SocketException reset) {
        assertThat(reset).hasMessageContaining("reset");
      }
      Eventually.holds(() -> cart.count("limit_reached_total", "\"REFMESH_CONNECTIONS\"") == 1);
    }
  }

  @Test
  void countsNothingAsKeptOnceADownloadIsOver() throws Exception {
    byte[] body = new byte[1 << 20];
    application.behave(exchange -> {
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    TestMesh.Sidecar cart = mesh.of("cart", application.address(), AppProtocol.HTTP).start();
    ProxyConfig.Limits usual = TestMesh.LIMITS;
    mesh.limits =
        new ProxyConfig.Limits(
            usual.headerBytes(),
            usual.headerTimeout(),
            usual.detectTimeout(),
            usual.connections(),
            usual.series(),
            1 << 20,
            usual.floodFrames(),
            usual.streams(),
            usual.idleTimeout());
    TestMesh.Sidecar web = mesh.caller("web").start();
    HostPort listener =
        web.calls(
            TestMesh.destination(
                cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint())));
    try (RawClient caller = new RawClient(new Socket(listener.host(), listener.port()))) {
      for (int i = 0; i < 200; i++) {
        caller.send("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        assertThat(caller.readResponse().body()).as("download " + i).hasSize(body.length);
      }
    }
    assertThat(web.count("limit_reached_total", "\"REFMESH_BUFFERED_BYTES\"")).isZero();
  }

  private TestMesh.Sidecar with(int connections, int streams, Duration idle) {
    ProxyConfig.Limits usual = TestMesh.LIMITS;
    mesh.limits =
        new ProxyConfig.Limits(
            usual.headerBytes(),
            usual.headerTimeout(),
            usual.detectTimeout(),
            connections,
            usual.series(),
            usual.bufferedBytes(),
            usual.floodFrames(),
            streams,
            idle);
    return mesh.of("cart", application.address(), AppProtocol.HTTP).start();
  }

  private static RawClient dial(TestMesh.Sidecar sidecar) throws Exception {
    return new RawClient(
        new Socket(sidecar.endpoint().address().host(), sidecar.endpoint().address().port()));
  }
}
