package io.refmesh.proxy.http.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.http.BufferedBytes;
import io.refmesh.proxy.http.Http2Limits;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.RequestHead.Version;
import io.refmesh.proxy.http.server.Drain;
import io.refmesh.proxy.http.server.Http2Server;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.http.wire.Http2Peer;
import io.refmesh.proxy.http.wire.Loop;
import io.refmesh.proxy.http.wire.Requests;
import io.refmesh.proxy.http.wire.Requests.Sent;
import io.refmesh.proxy.http.wire.ScriptedApplication;
import io.refmesh.proxy.http.wire.ScriptedApplication.Call;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** HTTP/2 towards a sidecar, and what only HTTP/2 has. */
final class Http2ClientTest extends HttpClientContract {

  private final List<Http2Peer> peers = new CopyOnWriteArrayList<>();

  @Override
  Version version() {
    return Version.HTTP_2;
  }

  @Override
  boolean sidecar() {
    return true;
  }

  @Override
  void serve(ChannelPipeline pipeline, ServerSettings settings) {
    Http2Server.install(pipeline, application, SIDECAR, settings);
  }

  private int listenRaw(Http2Settings settings) {
    return loop.listen(pipeline -> peers.add(Http2Peer.server(pipeline, settings)));
  }

  private Requests raw(Http2Settings settings) {
    return requests(loop.upstream(listenRaw(settings), true));
  }

  private Http2Peer peer(int index) {
    loop.until("connection " + index, () -> peers.size() > index);
    return peers.get(index);
  }

  private void sees(Http2Peer peer, String frame) {
    loop.until("frame " + frame, () -> peer.saw(frame));
  }

  private ClientSettings pings(long afterMillis, long deadMillis) {
    return new ClientSettings(
        65_536,
        262_144,
        4_194_304,
        Duration.ofSeconds(3),
        Duration.ofMillis(afterMillis),
        Duration.ofMillis(deadMillis),
        Http2Limits.of(loop.ticker));
  }

  @Test
  void sharesOneConnection() {
    Requests requests = requests();
    List<Sent> all = new CopyOnWriteArrayList<>();
    for (int i = 0; i < 100; i++) {
      all.add(requests.get("/" + i));
    }
    call(99);
    loop.run(() -> List.copyOf(application.calls).forEach(call -> call.answer(200, "x")));
    all.forEach(sent -> assertThat(sent.await()).isEqualTo(new Outcome.Answered(200, -1)));
    assertThat(loop.dialled).hasSize(1);
  }

  @Test
  void tellsTheOtherSidecarWhatItNeedsToKnow() {
    Requests requests = raw(new Http2Settings());
    new Requests(loop, loop.upstream(listenRaw(new Http2Settings()), true), Version.HTTP_1_0)
        .get("/old");
    Http2Peer old = peer(0);
    sees(old, "HEADERS 3");
    assertThat(old.frames).anyMatch(f -> f.contains("x-mesh-original-version=HTTP/1.0"));
    requests.get("/new");
    Http2Peer now = peer(1);
    sees(now, "HEADERS 3");
    assertThat(now.frames)
        .anyMatch(f ->
            f.startsWith("HEADERS 3 :method=GET :scheme=http :path=/new :authority=cart.shop")
                && f.contains("x-mesh-try=1")
                && !f.contains("original-version")
                && !f.contains("deadline"));
  }

  @Test
  void leavesTheHeadAsItWasForAnotherTry() {
    application.answers("");
    Sent sent = requests().get("/");
    sent.await();
    assertThat(sent.exchange().request().headers())
        .extracting(field -> field.getKey().toString())
        .containsExactly("x-mesh-try");
  }

  @Test
  void readsTheStatusOfGrpc() {
    application.script(call -> {
      if (call.exchange.request().path().equals("/only")) {
        call.answer(200, "", "grpc-status", "5");
      } else {
        call.begin(200);
        call.send(new byte[5]);
        call.end(ScriptedApplication.headers("grpc-status", "14"));
        call.done(new Outcome.Answered(200, 14));
      }
    });
    Requests requests = requests();
    assertThat(requests.send("POST", "/only", true, "content-type", "application/grpc").await())
        .isEqualTo(new Outcome.Answered(200, 5));
    assertThat(requests.send("POST", "/", true, "content-type", "application/grpc+proto").await())
        .isEqualTo(new Outcome.Answered(200, 14));
    assertThat(requests.send("POST", "/", true).await()).isEqualTo(new Outcome.Answered(200, -1));
  }

  @Test
  void opensAnotherConnectionWhenThePeerTakesNoMoreStreams() {
    Requests requests = raw(new Http2Settings().maxConcurrentStreams(2));
    Sent a = requests.get("/a");
    requests.get("/b");
    Sent c = requests.get("/c");
    Http2Peer first = peer(0);
    Http2Peer second = peer(1);
    sees(second, "HEADERS 3");
    assertThat(first.count("HEADERS")).isEqualTo(2);
    loop.run(() -> second.headers(3, true, ":status", "200"));
    assertThat(c.await()).isEqualTo(new Outcome.Answered(200, -1));
    loop.run(() -> first.headers(3, true, ":status", "204"));
    assertThat(a.await()).isEqualTo(new Outcome.Answered(204, -1));
  }

  @Test
  void waitsForAStreamWhenNoMoreConnectionsAreAllowed() {
    int rawPort = listenRaw(new Http2Settings().maxConcurrentStreams(1));
    AtomicInteger waited = new AtomicInteger();
    Http2Limits limits =
        Http2Limits.of(
            1_000,
            loop.ticker,
            kind -> {},
            new BufferedBytes(BufferedBytes.MOST_DEFAULT, () -> {}),
            waited::incrementAndGet);
    Requests requests =
        requests(
            loop.upstream(
                rawPort,
                true,
                ClientSettings.DEFAULT.withHttp2(limits),
                Loop.backend(1, 10, Duration.ofSeconds(1))));
    Sent a = requests.get("/a");
    Sent b = requests.get("/b");
    Http2Peer peer = peer(0);
    sees(peer, "HEADERS 3");
    assertThat(peer.saw("HEADERS 5")).isFalse();
    loop.until("the second is seen to wait", () -> waited.get() == 1);
    loop.run(() -> peer.headers(3, true, ":status", "200"));
    a.await();
    sees(peer, "HEADERS 5");
    // The peer raises its limit: the next one goes at once.
    Sent c = requests.get("/c");
    loop.until("the third is seen to wait", () -> waited.get() == 2);
    loop.run(() -> peer.settings(new Http2Settings().maxConcurrentStreams(5)));
    sees(peer, "HEADERS 7");
    loop.run(() -> {
      peer.headers(5, true, ":status", "200");
      peer.headers(7, true, ":status", "200");
    });
    assertThat(b.await()).isEqualTo(c.await());
  }

  @Test
  void sendsAgainWhatAGoAwayLeftUnprocessed() {
    Requests requests = raw(new Http2Settings());
    Sent processed = requests.get("/a");
    Sent unprocessed = requests.get("/b");
    Http2Peer first = peer(0);
    sees(first, "HEADERS 5");
    loop.run(() -> first.goAway(3, Http2Error.NO_ERROR.code()));
    Http2Peer second = peer(1);
    sees(second, "HEADERS 3");
    assertThat(second.frames).anyMatch(f -> f.contains(":path=/b"));
    loop.run(() -> {
      second.headers(3, true, ":status", "200");
      first.headers(3, true, ":status", "200");
    });
    assertThat(unprocessed.await()).isEqualTo(new Outcome.Answered(200, -1));
    assertThat(processed.await()).isEqualTo(new Outcome.Answered(200, -1));
    loop.until("the first connection is closed after its last stream", () -> first.closed);
  }

  @Test
  void sendsAgainOnlyOnceAndNeverABodyThatWasTaken() {
    Requests requests = raw(new Http2Settings());
    Sent twice = requests.get("/a");
    Sent body = requests.post("/b").write(new byte[10]);
    Http2Peer first = peer(0);
    sees(first, "DATA 5");
    loop.run(() -> first.goAway(0, Http2Error.NO_ERROR.code()));
    assertThat(body.awaitFailure().progress()).isEqualTo(Progress.REFUSED);
    Http2Peer second = peer(1);
    sees(second, "HEADERS 3");
    loop.run(() -> second.reset(3, Http2Error.REFUSED_STREAM.code()));
    assertThat(twice.awaitFailure().progress()).isEqualTo(Progress.REFUSED);
    assertThat(twice.awaitFailure().error()).isEqualTo(MeshError.UPSTREAM_RESET);
  }

  @Test
  void losesNothingWhenTheServerDrains() {
    application.script(
        call -> loop.loop().schedule(() -> call.answer(200, "x"), 2, TimeUnit.MILLISECONDS));
    Requests requests = requests();
    List<Sent> all = new CopyOnWriteArrayList<>();
    for (int round = 0; round < 4; round++) {
      requests.get("/first").await();
      for (int i = 0; i < 50; i++) {
        all.add(requests.post("/" + i).end(null));
        if (i == 25) {
          loop.run(() ->
              loop.accepted.forEach(
                  channel -> channel.pipeline().fireUserEventTriggered(Drain.EVENT)));
        }
      }
    }
    all.forEach(sent -> assertThat(sent.await()).isEqualTo(new Outcome.Answered(200, -1)));
    assertThat(application.calls).hasSize(204);
    assertThat(loop.dialled).hasSizeGreaterThan(1);
  }

  @Test
  void failsAStreamThatIsResetAndLeavesTheOthers() {
    Requests requests = raw(new Http2Settings());
    Sent reset = requests.get("/a");
    Sent other = requests.get("/b");
    Http2Peer peer = peer(0);
    sees(peer, "HEADERS 5");
    loop.run(() -> peer.reset(3, Http2Error.INTERNAL_ERROR.code()));
    assertThat(reset.awaitFailure().progress()).isEqualTo(Progress.SENT);
    assertThat(reset.awaitFailure().detail()).contains("INTERNAL_ERROR");
    loop.run(() -> {
      peer.headers(5, false, ":status", "200");
      peer.data(5, "abc", true);
    });
    assertThat(other.await()).isEqualTo(new Outcome.Answered(200, -1));
  }

  @Test
  void doesNotTakeAnAnswerForWholeThatIsShorterThanItsLength() {
    Requests requests = raw(new Http2Settings());
    Sent sent = requests.get("/a");
    Http2Peer peer = peer(0);
    sees(peer, "HEADERS 3");
    loop.run(() -> {
      peer.headers(3, false, ":status", "200", "content-length", "9");
      peer.data(3, "abc", true);
    });
    assertThat(sent.awaitFailure().progress()).isEqualTo(Progress.HEAD_RECEIVED);
    assertThat(sent.responseEnded).isFalse();
    sees(peer, "RST_STREAM 3");
  }

  @Test
  void returnsTheWindowOfPaddingAndOfStreamsThatAreOver() {
    Requests requests = raw(new Http2Settings());
    Sent sent = requests.get("/a");
    Http2Peer peer = peer(0);
    sees(peer, "HEADERS 3");
    sent.cancel(new Outcome.CallerGone(Progress.SENT));
    // 4 MiB connection window: more than half of it goes to a stream that nobody has any more.
    loop.run(() -> {
      for (int i = 0; i < 160; i++) {
        peer.data(3, new byte[16_000], 200, false);
      }
    });
    sees(peer, "WINDOW_UPDATE 0 ");
    loop.until("the window is given back", () -> peer.count("WINDOW_UPDATE 0") > 2);
    loop.run(() -> {
      Http2Connection here =
          loop.dialled.getFirst().pipeline().get(Http2FrameCodec.class).connection();
      Http2Stream whole = here.connectionStream();
      assertThat(here.numActiveStreams()).isZero();
      assertThat(here.local().flowController().unconsumedBytes(whole)).isZero();
      // Returned by halves.
      assertThat(here.local().flowController().windowSize(whole)).isGreaterThan(2 * 1024 * 1024);
    });
  }

  @Test
  void findsADeadConnectionByPing() {
    int rawPort = listenRaw(new Http2Settings());
    Requests requests =
        requests(loop.upstream(rawPort, true, pings(50, 50), BackendSettings.DEFAULT));
    Sent sent = requests.post("/a");
    Http2Peer peer = peer(0);
    sees(peer, "HEADERS 3");
    sees(peer, "PING");
    loop.run(() -> peer.polite = false);
    Outcome.Failed failed = sent.awaitFailure();
    assertThat(failed.progress()).isEqualTo(Progress.SENT);
    assertThat(failed.detail()).contains("PING");
    requests.get("/b");
    sees(peer(1), "HEADERS 3");
  }

  @Test
  void asksAtOnceWhetherASilentPeerLivesWhenARequestTimesOut() {
    int rawPort = listenRaw(new Http2Settings());
    Requests requests =
        requests(loop.upstream(rawPort, true, pings(60_000, 50), BackendSettings.DEFAULT));
    Sent first = requests.get("/");
    Http2Peer peer = peer(0);
    sees(peer, "HEADERS 3");
    loop.run(() -> peer.headers(3, true, ":status", "200"));
    first.await();
    sees(peer, "SETTINGS ack");
    loop.run(() -> peer.polite = false);
    Sent early = requests.get("/a");
    Sent late = requests.get("/b");
    sees(peer, "HEADERS 7");
    early.cancel(new Outcome.Failed(MeshError.REQUEST_TIMEOUT, "", Progress.NOT_SENT));
    sees(peer, "PING");
    assertThat(late.awaitFailure().detail()).contains("PING");
  }

  @Test
  void fitsTheConnectionToTheTimeout() throws IOException {
    // Accepts and says nothing.
    try (ServerSocket silent = new ServerSocket(0)) {
      Requests requests =
          requests(
              loop.upstream(
                  silent.getLocalPort(),
                  true,
                  ClientSettings.DEFAULT,
                  Loop.backend(0, 0, Duration.ofMillis(50))));
      Outcome.Failed failed = requests.get("/").awaitFailure();
      assertThat(failed.error()).isEqualTo(MeshError.CONNECT_TIMEOUT);
      assertThat(failed.progress()).isEqualTo(Progress.NOT_SENT);
    }
  }

  @Test
  void saysThatTheHandshakeFailedOrHung() throws IOException {
    Outcome.Failed mismatch = Outcome.Failed.before(MeshError.TLS_IDENTITY_MISMATCH, "who are you");
    Upstream wrong =
        loop.pools(ClientSettings.DEFAULT, (channel, endpoint, verdict) -> verdict.failed(mismatch))
            .open(
                Loop.endpoint(port, true), AppProtocol.HTTP, BackendSettings.DEFAULT, loop.loop());
    assertThat(requests(wrong).get("/").await()).isEqualTo(mismatch);
    loop.until("closed", () -> !loop.dialled.getFirst().isOpen());

    Upstream hanging =
        loop.pools(ClientSettings.DEFAULT, (channel, endpoint, verdict) -> {})
            .open(
                Loop.endpoint(port, true),
                AppProtocol.HTTP,
                Loop.backend(0, 0, Duration.ofMillis(50)),
                loop.loop());
    assertThat(requests(hanging).get("/").awaitFailure().error())
        .isEqualTo(MeshError.CONNECT_TIMEOUT);
    try (ServerSocket closing = new ServerSocket(0)) {
      Upstream cut =
          loop.pools(ClientSettings.DEFAULT, (channel, endpoint, verdict) -> {})
              .open(
                  Loop.endpoint(closing.getLocalPort(), true),
                  AppProtocol.HTTP,
                  BackendSettings.DEFAULT,
                  loop.loop());
      Sent sent = requests(cut).get("/");
      try (Socket accepted = closing.accept()) {
        accepted.shutdownOutput();
      }
      assertThat(sent.awaitFailure().error()).isEqualTo(MeshError.TLS_HANDSHAKE_FAILED);
    }
    assertThat(application.calls).isEmpty();
  }

  @Test
  void opensAnotherConnectionWhenStreamIdsAreUsedUp() {
    application.answers("x");
    Requests requests = requests();
    requests.get("/").await();
    loop.run(() -> {
      Http2Connection.Endpoint<?> local =
          loop.dialled.getFirst().pipeline().get(Http2FrameCodec.class).connection().local();
      try {
        local.createStream(Integer.MAX_VALUE - 2, true).close();
      } catch (Http2Exception e) {
        throw new AssertionError(e);
      }
    });
    assertThat(requests.get("/").await()).isEqualTo(new Outcome.Answered(200, -1));
    assertThat(loop.dialled).hasSize(2);
  }

  @Test
  void saysWithWhichCodeAStreamWasReset() {
    Requests requests = raw(new Http2Settings());
    Sent sent = requests.get("/a");
    Http2Peer peer = peer(0);
    sees(peer, "HEADERS 3");
    loop.run(() -> {
      peer.headers(3, false, ":status", "200");
      peer.reset(3, Http2Error.ENHANCE_YOUR_CALM.code());
    });
    assertThat(sent.awaitFailure().resetCode()).isEqualTo(Http2Error.ENHANCE_YOUR_CALM.code());
    assertThat(sent.responseFailed).isEqualTo(sent.outcome);
  }

  @Test
  void endsAnExchangeInFlightOfEachCall() {
    Requests requests = requests();
    Sent one = requests.get("/");
    Call call = call(0);
    loop.run(() -> loop.accepted.getFirst().close());
    assertThat(one.awaitFailure().error()).isEqualTo(MeshError.UPSTREAM_RESET);
    loop.until("cancelled upstream", () -> call.cancelled != null);
  }
}
