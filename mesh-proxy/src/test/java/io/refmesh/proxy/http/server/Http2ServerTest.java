package io.refmesh.proxy.http.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Settings;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.BufferedBytes;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Http2Limits;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.RequestHead.Version;
import io.refmesh.proxy.http.server.ServerSettings.Role;
import io.refmesh.proxy.http.wire.Http2Peer;
import io.refmesh.proxy.http.wire.Loop;
import io.refmesh.proxy.http.wire.ScriptedApplication;
import io.refmesh.proxy.http.wire.ScriptedApplication.Call;
import io.refmesh.testkit.acceptance.Acceptance;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** HTTP/2 from callers, frame by frame; long because every case needs the same server. */
final class Http2ServerTest {

  private static final Caller STRANGER =
      new Caller(new InetSocketAddress("127.0.0.1", 4000), Optional.empty(), false);
  private static final Caller MESHED =
      new Caller(new InetSocketAddress("127.0.0.1", 4000), Optional.of(Loop.CART), true);

  private final Loop loop = new Loop();
  private final ScriptedApplication application = new ScriptedApplication();
  private final List<String> floods = new CopyOnWriteArrayList<>();
  private final AtomicInteger streamsRefused = new AtomicInteger();
  private final List<ServerConnection> connections = new CopyOnWriteArrayList<>();

  @AfterEach
  void everyBufferIsReleased() {
    loop.close();
  }

  private Http2Peer client() {
    return client(ServerSettings.of(Role.OUTBOUND, loop.ticker), STRANGER);
  }

  private Http2Peer client(ServerSettings settings, Caller caller) {
    int port =
        loop.listen(pipeline ->
            connections.add(Http2Server.install(pipeline, application, caller, settings)));
    Http2Peer client = loop.dialHttp2(port, new Http2Settings().maxConcurrentStreams(100));
    loop.until("settings are exchanged", () -> client.saw("SETTINGS ack"));
    return client;
  }

  private static void get(Http2Peer client, int stream, String path) {
    client.headers(
        stream, true, ":method", "GET", ":scheme", "http", ":path", path, ":authority", "cart");
  }

  private static void post(Http2Peer client, int stream) {
    client.headers(
        stream, false, ":method", "POST", ":scheme", "http", ":path", "/", ":authority", "cart");
  }

  private Call call(int index) {
    loop.until("call " + index + " arrives", () -> application.calls.size() > index);
    return application.calls.get(index);
  }

  private void sees(Http2Peer client, String frame) {
    loop.until("frame " + frame + " among " + client.frames, () -> client.saw(frame));
  }

  @Test
  void answersStreamsInAnyOrder() {
    Http2Peer client = client();
    loop.run(() -> {
      get(client, 1, "/1");
      get(client, 3, "/3");
    });
    Call second = call(1);
    loop.run(() -> second.answer(200, "three", "x-a", "b"));
    sees(client, "DATA 3 5 bytes end");
    loop.run(() -> application.calls.getFirst().answer(404, ""));
    sees(client, "HEADERS 1 :status=404 end");
    assertThat(client.frames).contains("HEADERS 3 :status=200 x-a=b content-length=5");
    assertThat(second.exchange.request().version()).isEqualTo(Version.HTTP_2);
    assertThat(second.exchange.request().path()).isEqualTo("/3");
    assertThat(second.exchange.request().headers()).isEmpty();
    assertThat(connections.getFirst().inFlight()).isZero();
  }

  @Test
  void carriesBodiesAndTrailersBothWays() {
    application.script(call ->
        call.whenRead(() -> {
          call.inform(103, "link", "x");
          call.begin(200);
          call.send(call.body());
          call.end(ScriptedApplication.headers("grpc-status", "0"));
          call.done(new Outcome.Answered(200, 0));
        }));
    Http2Peer client = client();
    loop.run(() -> {
      post(client, 1);
      client.data(1, "hello ".getBytes(java.nio.charset.StandardCharsets.UTF_8), 17, false);
      client.data(1, "world", false);
      client.headers(1, true, "x-sum", "2");
    });
    sees(client, "HEADERS 1 grpc-status=0 end");
    assertThat(client.data).hasToString("hello world");
    assertThat(client.frames).contains("HEADERS 1 :status=103 link=x", "HEADERS 1 :status=200");
    assertThat(call(0).requestTrailers).isNotNull();
    assertThat(call(0).requestTrailers.get("x-sum")).hasToString("2");
  }

  @Test
  void cancelsTheExchangeOfAResetStreamAndLeavesTheOthers() {
    Http2Peer client = client();
    application.script(Call::read);
    loop.run(() -> {
      post(client, 1);
      post(client, 3);
      client.data(1, "abc", false);
    });
    call(1);
    loop.run(() -> client.reset(1, Http2Error.ENHANCE_YOUR_CALM.code()));
    Call first = call(0);
    loop.until("cancelled", () -> first.cancelled != null);
    assertThat(first.cancelled)
        .isEqualTo(
            new Outcome.CallerGone(Outcome.Progress.SENT, Http2Error.ENHANCE_YOUR_CALM.code()));
    assertThat(first.requestFailed).isNotNull();
    assertThat(call(1).cancelled).isNull();
    loop.until("one is left", () -> connections.getFirst().inFlight() == 1);
    loop.run(() -> client.channel().close());
    Call second = call(1);
    loop.until("cancelled", () -> second.cancelled != null);
    assertThat(connections.getFirst().inFlight()).isZero();
  }

  @Test
  void resetsTheStreamOfACutBody() {
    Http2Peer client = client();
    loop.run(() -> get(client, 1, "/"));
    Call call = call(0);
    loop.run(() -> {
      call.begin(200);
      call.send(new byte[10]);
    });
    sees(client, "DATA 1 10 bytes");
    loop.run(() ->
        call.fail(
            new Outcome.Failed(MeshError.UPSTREAM_RESET, "gone", Outcome.Progress.HEAD_RECEIVED)));
    sees(client, "RST_STREAM 1 " + Http2Error.INTERNAL_ERROR.code());
    assertThat(client.frames).noneMatch(frame -> frame.endsWith("end"));
    assertThat(call.cancelled).isNull();
    assertThat(connections.getFirst().inFlight()).isZero();
  }

  @Test
  void tellsAGrpcCallerAnErrorAsTrailersOnly() {
    application.script(
        call -> call.done(Outcome.Failed.before(MeshError.NO_ENDPOINTS, "shop/cart")));
    Http2Peer client = client();
    loop.run(() ->
        client.headers(
            1,
            true,
            ":method",
            "POST",
            ":scheme",
            "http",
            ":path",
            "/",
            "content-type",
            "application/grpc"));
    sees(client, "HEADERS 1 :status=200");
    assertThat(client.frames)
        .anyMatch(f ->
            f.contains("grpc-status=14")
                && f.contains("x-mesh-error=no-endpoints")
                && f.endsWith("end"));
    assertThat(call(0).exchange.request().authority()).isEmpty();
  }

  @Test
  void asksACallerToStopWhoseAnswerIsComplete() {
    application.script(call -> call.answer(413, "no"));
    Http2Peer client = client();
    loop.run(() -> post(client, 1));
    sees(client, "RST_STREAM 1 " + Http2Error.NO_ERROR.code());
    assertThat(client.frames).contains("DATA 1 2 bytes end");
    assertThat(client.frames.indexOf("DATA 1 2 bytes end"))
        .isLessThan(client.frames.indexOf("RST_STREAM 1 " + Http2Error.NO_ERROR.code()));
    assertThat(call(0).cancelled).isNull();
  }

  @Test
  void refusesWhatCannotBeWrittenTowardsAnApplication() {
    Http2Peer client = client();
    String[][] requests = {
      {":method", "GET", ":scheme", "http", ":path", "/a b"},
      {":method", "GET", ":scheme", "http", ":path", "/a\r\nX: y"},
      {":method", "GET", ":scheme", "http", ":path", "relative"},
      {":method", "GE T", ":scheme", "http", ":path", "/"},
      {":method", "GET", ":scheme", "ftp", ":path", "/"},
      {":method", "GET", ":scheme", "http", ":path", "/", ":authority", "a/b"},
      {":method", "GET", ":scheme", "http", ":path", "/", ":authority", "a", "host", "b"},
      {":method", "GET", ":scheme", "http", ":path", "/", "x", "a\r\nb: c"},
      {":method", "GET", ":scheme", "http", ":path", "/", "x", "a\nb"},
      {":method", "GET", ":scheme", "http", ":path", "/", "x", "a\u0000b"},
      {":method", "GET", ":scheme", "http", ":path", "/", "Upper", "case"},
      {":method", "GET", ":scheme", "http", ":path", "/", "transfer-encoding", "chunked"},
      {":method", "GET", ":scheme", "http", ":path", "/", "connection", "close"},
      {":method", "GET", ":scheme", "http"},
      {":method", "GET", ":path", "/"},
      {":scheme", "http", ":path", "/"},
      {":method", "GET", ":scheme", "http", ":path", "/", ":unknown", "x"},
      {":method", "GET", ":scheme", "http", ":path", "/", "content-length", "5"},
      {":method", "CONNECT", ":authority", "a"},
      {":method", "CONNECT", ":authority", "a:443", "content-length", "0"},
      {":method", "CONNECT", ":authority", "a:443", ":scheme", "http", ":path", "/"},
      {":method", "GET", ":scheme", "http", ":path", "/", ":protocol", "websocket"},
      {":method", "CONNECT", ":scheme", "http", ":path", "/", ":protocol", "no token"},
    };
    int stream = 1;
    for (String[] fields : requests) {
      int id = stream;
      loop.run(() -> client.headers(id, true, fields));
      loop.until(
          String.join(" ", fields) + " is refused: " + client.frames,
          () ->
              client.saw("HEADERS " + id + " :status=400") || client.saw("RST_STREAM " + id + " "));
      stream += 2;
    }
    assertThat(application.calls).isEmpty();
    assertThat(client.closed).isFalse();
    assertThat(connections.getFirst().inFlight()).isZero();
  }

  @Test
  @Acceptance(48)
  void refusesAHeadThatIsTooLarge() {
    application.answers("ok");
    Http2Peer client = client();
    loop.run(() -> {
      client.headers(
          1, true, ":method", "GET", ":scheme", "http", ":path", "/", "x", "x".repeat(60_000));
      client.headers(
          3, true, ":method", "GET", ":scheme", "http", ":path", "/", "x", "x".repeat(70_000));
    });
    sees(client, "HEADERS 1 :status=200");
    sees(client, "HEADERS 3 :status=431");
    assertThat(client.frames)
        .anyMatch(f -> f.startsWith("HEADERS 3") && f.contains("x-mesh-error=header-too-large"));
    loop.run(() -> get(client, 5, "/" + "x".repeat(140_000)));
    sees(client, "HEADERS 5 :status=431");
    loop.run(() -> get(client, 7, "/" + "x".repeat(560_000)));
    sees(client, "HEADERS 7 :status=431 x-mesh-error=header-too-large");
    assertThat(application.calls).hasSize(1);
  }

  @Test
  void cutsABodyThatNobodyReadsWhenAllOfThemAreTooMuch() {
    List<String> reached = new CopyOnWriteArrayList<>();
    BufferedBytes buffered = new BufferedBytes(100_000, () -> reached.add("once more"));
    Http2Limits limits = Http2Limits.of(1_000, loop.ticker, floods::add, buffered, () -> {});
    Http2Peer client =
        client(ServerSettings.of(Role.OUTBOUND, loop.ticker).withHttp2(limits), STRANGER);
    loop.run(() -> {
      post(client, 1);
      post(client, 3);
    });
    call(1);
    loop.run(() -> {
      client.data(3, new byte[16_384], 0, false);
      for (int i = 0; i < 6; i++) {
        client.data(1, new byte[16_384], 0, false);
      }
    });
    loop.until("the bound is reached", () -> !reached.isEmpty());
    sees(client, "HEADERS 1 :status=503");
    assertThat(client.frames)
        .anyMatch(f -> f.startsWith("HEADERS 1") && f.contains("x-mesh-error=overloaded"));
    assertThat(call(1).cancelled).isNull();
    loop.run(() -> client.channel().close());
    loop.until("nothing is kept", () -> buffered.now() == 0);
  }

  @Test
  void tellsAGrpcCallerThatItsHeadIsTooLargeInItsOwnWay() {
    Http2Peer client = client();
    loop.run(() ->
        client.headers(
            1,
            true,
            ":method",
            "POST",
            ":scheme",
            "http",
            ":path",
            "/",
            "content-type",
            "application/grpc",
            "x",
            "x".repeat(70_000)));
    sees(client, "HEADERS 1 :status=200");
    assertThat(client.frames)
        .anyMatch(f -> f.startsWith("HEADERS 1") && f.contains("grpc-status=8"));
  }

  @Test
  @Acceptance(48)
  void refusesTrailersThatAreTooLarge() {
    application.script(Call::read);
    Http2Peer client = client();
    loop.run(() -> post(client, 1));
    call(0);
    loop.run(() -> client.data(1, "body", false).headers(1, true, "x", "x".repeat(70_000)));
    sees(client, "HEADERS 1 :status=431");
    assertThat(call(0).requestTrailers).isNull();
  }

  @Test
  void limitsConcurrentStreams() {
    ServerSettings few = few(2, 10_000);
    Http2Peer client = client(few, STRANGER);
    loop.run(() -> {
      get(client, 1, "/");
      get(client, 3, "/");
      get(client, 5, "/");
    });
    sees(client, "RST_STREAM 5 " + Http2Error.REFUSED_STREAM.code());
    assertThat(application.calls).hasSize(2);
    assertThat(client.frames.getFirst()).contains("MAX_CONCURRENT_STREAMS=2");
    assertThat(streamsRefused).hasValue(1);
  }

  private ServerSettings few(int streams, int resets) {
    return new ServerSettings(
        Role.OUTBOUND,
        65_536,
        Duration.ofSeconds(10),
        streams,
        256 * 1024,
        4 * 1024 * 1024,
        new Http2Limits(
            50,
            resets,
            resets,
            Duration.ofSeconds(10),
            loop.ticker,
            floods::add,
            new BufferedBytes(BufferedBytes.MOST_DEFAULT, () -> {}),
            streamsRefused::incrementAndGet),
        Duration.ofSeconds(1),
        Duration.ofMillis(100),
        loop.ticker);
  }

  @Test
  void endsAConnectionThatResetsTooMuch() {
    Http2Peer client = client(few(100, 50), STRANGER);
    loop.run(() -> {
      for (int i = 0; i < 60; i++) {
        get(client, 2 * i + 1, "/");
        client.reset(2 * i + 1, Http2Error.CANCEL.code());
      }
    });
    sees(client, "GOAWAY");
    assertThat(client.frames)
        .anyMatch(frame -> frame.endsWith(" " + Http2Error.ENHANCE_YOUR_CALM.code()));
    assertThat(floods).containsExactly("reset");
    loop.until("closed", () -> client.closed);
    assertThat(connections.getFirst().inFlight()).isZero();
    assertThat(application.calls).allMatch(call -> call.cancelled != null);
  }

  @Test
  void givesWindowBackOnlyForWhatWasTaken() {
    application.script(call -> {
      call.slow = true;
      call.read();
    });
    Http2Peer client = client();
    loop.run(() -> {
      post(client, 1);
      for (int i = 0; i < 16; i++) {
        client.data(1, new byte[16_000], 255, false);
      }
    });
    Call call = call(0);
    loop.until("all is here", () -> call.received == 16 * 16_000);
    // Padding is returned at once, which is not enough for an update.
    assertThat(client.saw("WINDOW_UPDATE 1")).isFalse();
    loop.run(() -> call.exchange.body().consumed(call.received));
    sees(client, "WINDOW_UPDATE 1");
    loop.run(() -> client.data(1, "end", true));
    loop.until("ended", () -> call.requestEnded);
    loop.run(() -> call.answer(200, ""));
  }

  @Test
  void givesCreditForAResponseOnlyAsTheWindowOpens() {
    Http2Peer client = client();
    client.grants = false;
    loop.run(() -> get(client, 1, "/"));
    Call call = call(0);
    loop.run(() -> {
      call.begin(200);
      for (int i = 0; i < 10; i++) {
        call.send(new byte[16_384]);
      }
    });
    loop.until("the window is used up", () -> client.data.size() == 65_535);
    assertThat(loop.on(() -> call.credit)).isEqualTo(3 * 16_384);
    loop.run(() -> {
      client.credit(0, 1 << 20);
      client.credit(1, 1 << 20);
    });
    loop.until("all is there", () -> client.data.size() == 163_840);
    loop.until("all credit is back", () -> call.credit == 163_840);
    loop.run(() -> {
      call.end(null);
      call.done(new Outcome.Answered(200, -1));
    });
    sees(client, "DATA 1 0 bytes end");
  }

  @Test
  void releasesWhatAResetStreamHadQueued() {
    Http2Peer client = client();
    client.grants = false;
    loop.run(() -> get(client, 1, "/"));
    Call call = call(0);
    loop.run(() -> {
      call.begin(200);
      for (int i = 0; i < 10; i++) {
        call.send(new byte[16_384]);
      }
    });
    loop.until("the window is used up", () -> client.data.size() == 65_535);
    loop.run(() -> client.reset(1, Http2Error.CANCEL.code()));
    loop.until("cancelled", () -> call.cancelled != null);
    loop.until("all credit is back", () -> call.credit == 163_840);
  }

  @Test
  void drainsInTwoSteps() {
    Http2Peer client = client();
    loop.run(() -> get(client, 1, "/1"));
    call(0);
    loop.run(() -> {
      client.polite = false;
      loop.accepted.getFirst().pipeline().fireUserEventTriggered(Drain.EVENT);
    });
    sees(client, "GOAWAY 2147483647 0");
    sees(client, "PING");
    // What crossed the announcement is served.
    loop.run(() -> get(client, 3, "/3"));
    Call crossing = call(1);
    loop.run(() -> crossing.answer(200, ""));
    sees(client, "HEADERS 3 :status=200 end");
    sees(client, "GOAWAY 3 0");
    assertThat(client.closed).isFalse();
    Call first = call(0);
    loop.run(() -> first.answer(200, "last"));
    loop.until("closed", () -> client.closed);
    sees(client, "DATA 1 4 bytes end");
  }

  @Test
  void closesAnIdleConnectionWhenItDrains() {
    Http2Peer client = client();
    loop.run(() -> loop.accepted.getFirst().pipeline().fireUserEventTriggered(Drain.EVENT));
    loop.until("closed", () -> client.closed);
    assertThat(client.frames).contains("GOAWAY 2147483647 0", "GOAWAY 0 0");
  }

  @Test
  void believesTheOriginalVersionOfSidecarsOnly() {
    application.answers("");
    String[] request = {
      ":method",
      "GET",
      ":scheme",
      "http",
      ":path",
      "/",
      "x-mesh-original-version",
      "HTTP/1.0",
      "x-mesh-try",
      "2"
    };
    Http2Peer sidecar = client(ServerSettings.of(Role.INBOUND, loop.ticker), MESHED);
    loop.run(() -> sidecar.headers(1, true, request));
    call(0);
    Http2Peer stranger = client(ServerSettings.of(Role.INBOUND, loop.ticker), STRANGER);
    loop.run(() -> stranger.headers(1, true, request));
    call(1);
    assertThat(application.calls.get(0).exchange.request().version()).isEqualTo(Version.HTTP_1_0);
    assertThat(application.calls.get(0).exchange.request().headers().get("x-mesh-try"))
        .hasToString("2");
    assertThat(application.calls.get(1).exchange.request().version()).isEqualTo(Version.HTTP_2);
    assertThat(application.calls.get(1).exchange.request().headers()).isEmpty();
  }
}
