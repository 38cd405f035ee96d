package io.refmesh.proxy.http.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.RequestHead.Version;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.http.wire.Loop;
import io.refmesh.proxy.http.wire.Requests;
import io.refmesh.proxy.http.wire.Requests.Sent;
import io.refmesh.proxy.http.wire.ScriptedApplication;
import io.refmesh.proxy.http.wire.ScriptedApplication.Call;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every protocol towards an endpoint must do alike. */
abstract class HttpClientContract {

  static final Caller SIDECAR =
      new Caller(new InetSocketAddress("127.0.0.1", 1), Optional.of(Loop.CART), true);

  final Loop loop = new Loop();
  final ScriptedApplication application = new ScriptedApplication();
  int port;

  abstract Version version();

  abstract boolean sidecar();

  /** Fills the pipeline of a server of the subject's protocol. */
  abstract void serve(ChannelPipeline pipeline, ServerSettings settings);

  @BeforeEach
  void listen() {
    port =
        loop.listen(pipeline ->
            serve(pipeline, ServerSettings.of(ServerSettings.Role.INBOUND, loop.ticker)));
  }

  @AfterEach
  void everyBufferIsReleased() {
    loop.close();
  }

  Requests requests() {
    return requests(loop.upstream(port, sidecar()));
  }

  Requests requests(Upstream upstream) {
    return new Requests(loop, upstream, version());
  }

  Requests requests(BackendSettings backend) {
    return requests(loop.upstream(port, sidecar(), ClientSettings.DEFAULT, backend));
  }

  Call call(int index) {
    loop.until("call " + index + " arrives", () -> application.calls.size() > index);
    return application.calls.get(index);
  }

  static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(7).nextBytes(bytes);
    return bytes;
  }

  @Test
  void answersOverOneConnection() {
    application.answers("hello");
    Requests requests = requests();
    for (int i = 0; i < 5; i++) {
      Sent sent = requests.get("/a?b");
      assertThat(sent.await()).isEqualTo(new Outcome.Answered(200, -1));
      assertThat(sent.body()).asString().isEqualTo("hello");
    }
    assertThat(loop.dialled).hasSize(1);
    Call call = call(4);
    assertThat(call.exchange.request().path()).isEqualTo("/a?b");
    assertThat(call.exchange.request().authority()).isEqualTo("cart.shop");
    assertThat(call.exchange.request().version()).isEqualTo(version());
    assertThat(call.exchange.request().endOfStream()).isTrue();
  }

  @Test
  void carriesLargeBodiesAndTrailersBothWays() {
    byte[] up = random(1024 * 1024);
    application.script(call ->
        call.whenRead(() -> {
          call.begin(200);
          call.send(call.body());
          call.end(ScriptedApplication.headers("x-down", "1"));
          call.done(new Outcome.Answered(200, -1));
        }));
    Sent sent = requests().post("/");
    for (int at = 0; at < up.length; at += 65_536) {
      sent.write(java.util.Arrays.copyOfRange(up, at, at + 65_536));
    }
    sent.end(ScriptedApplication.headers("x-up", "2"));
    assertThat(sent.await()).isEqualTo(new Outcome.Answered(200, -1));
    assertThat(sent.body()).isEqualTo(up);
    assertThat(sent.trailers).isNotNull();
    assertThat(sent.trailers.get("x-down")).hasToString("1");
    assertThat(call(0).requestTrailers).isNotNull();
    assertThat(call(0).requestTrailers.get("x-up")).hasToString("2");
    loop.until("all credit is back", () -> sent.credit == up.length);
  }

  @Test
  void passesInformationalHeadsOn() {
    application.script(call -> {
      call.inform(100);
      call.inform(103, "link", "a");
      call.answer(204, "");
    });
    Sent sent = requests().post("/");
    assertThat(sent.await()).isEqualTo(new Outcome.Answered(204, -1));
    assertThat(sent.informational).containsExactly(100, 103);
  }

  @Test
  void givesAnAnswerToHeadNoBody() {
    application.script(call -> call.answer(200, "", "content-length", "99"));
    Requests requests = requests();
    for (int i = 0; i < 2; i++) {
      Sent sent = requests.send("HEAD", "/", true);
      assertThat(sent.await()).isEqualTo(new Outcome.Answered(200, -1));
      assertThat(sent.head).isNotNull();
      assertThat(sent.head.endOfStream()).isTrue();
      assertThat(sent.head.headers().get("content-length")).hasToString("99");
    }
    assertThat(loop.dialled).hasSize(1);
  }

  @Test
  void failsACutResponseAfterItsHead() {
    application.script(call -> {
      call.begin(200);
      call.send(new byte[100]);
    });
    Sent sent = requests().get("/");
    loop.until("bytes arrive", () -> sent.received == 100);
    Call call = call(0);
    loop.run(() ->
        call.fail(new Outcome.Failed(MeshError.UPSTREAM_RESET, "gone", Progress.HEAD_RECEIVED)));
    Outcome.Failed failed = sent.awaitFailure();
    assertThat(failed.error()).isEqualTo(MeshError.UPSTREAM_RESET);
    assertThat(failed.progress()).isEqualTo(Progress.HEAD_RECEIVED);
    assertThat(sent.responseEnded).isFalse();
    assertThat(sent.responseFailed).isNotNull();
  }

  @Test
  void failsWhenTheConnectionEndsBeforeTheHead() {
    Sent sent = requests().post("/");
    call(0);
    loop.run(() -> loop.accepted.getFirst().close());
    Outcome.Failed failed = sent.awaitFailure();
    assertThat(failed.error()).isEqualTo(MeshError.UPSTREAM_RESET);
    assertThat(failed.progress()).isEqualTo(Progress.SENT);
    assertThat(failed.detail()).contains("127.0.0.1:" + port);
  }

  @Test
  void cancelsTheWorkUpstream() {
    Requests requests = requests();
    Sent before = requests.post("/1");
    call(0);
    Outcome timeout = new Outcome.Failed(MeshError.REQUEST_TIMEOUT, "100 ms", Progress.NOT_SENT);
    before.cancel(timeout);
    assertThat(before.await())
        .isEqualTo(new Outcome.Failed(MeshError.REQUEST_TIMEOUT, "100 ms", Progress.SENT));
    Call first = call(0);
    loop.until("cancelled upstream", () -> first.cancelled != null);

    Sent after = requests.get("/2");
    Call second = call(1);
    loop.run(() -> {
      second.begin(200);
      second.send(new byte[5]);
    });
    loop.until("bytes arrive", () -> after.received == 5);
    after.cancel(timeout);
    assertThat(after.await())
        .isEqualTo(new Outcome.Failed(MeshError.REQUEST_TIMEOUT, "100 ms", Progress.HEAD_RECEIVED));
    assertThat(after.responseFailed).isNotNull();
    loop.until("cancelled upstream", () -> second.cancelled != null);

    Sent gone = requests.get("/3");
    call(2);
    gone.cancel(new Outcome.CallerGone(Progress.NOT_SENT));
    assertThat(gone.await()).isEqualTo(new Outcome.CallerGone(Progress.SENT));
    assertThat(requests.get("/4").dones.get()).isZero();
  }

  @Test
  void isCancelledBeforeItIsSent() {
    Requests requests = requests(Loop.backend(1, 10, Duration.ofSeconds(1)));
    // In one task of the loop nothing can be connected yet.
    Sent sent =
        loop.on(() -> {
          Sent waiting = requests.sendHere("GET", "/");
          waiting.exchange().cancel(new Outcome.CallerGone(Progress.SENT));
          return waiting;
        });
    assertThat(sent.await()).isEqualTo(new Outcome.CallerGone(Progress.NOT_SENT));
    application.answers("x");
    assertThat(requests.get("/").await()).isEqualTo(new Outcome.Answered(200, -1));
    assertThat(application.calls).hasSize(1);
  }

  @Test
  void passesARequestOnWhoseCallerCutIt() {
    application.script(Call::read);
    Sent sent = requests().post("/").write(new byte[10]);
    call(0);
    loop.run(
        () -> sent.request.fail(new Outcome.Failed(MeshError.BAD_REQUEST, "cut", Progress.SENT)));
    assertThat(sent.awaitFailure().error()).isEqualTo(MeshError.BAD_REQUEST);
    Call call = call(0);
    loop.until("cancelled upstream", () -> call.cancelled != null);
    assertThat(call.requestEnded).isFalse();
  }

  @Test
  void takesAnAnswerThatComesBeforeTheRequestIsComplete() {
    application.script(call -> call.answer(413, "too large"));
    Requests requests = requests();
    Sent sent = requests.post("/").write(new byte[100]);
    assertThat(sent.await()).isEqualTo(new Outcome.Answered(413, -1));
    assertThat(sent.body()).asString().isEqualTo("too large");
    assertThat(sent.requestAbandoned).isTrue();
    loop.run(() -> sent.request.data(Unpooled.wrappedBuffer(new byte[10])));
    assertThat(requests.get("/").await()).isEqualTo(new Outcome.Answered(413, -1));
  }

  @Test
  void keepsABodyWithinItsCreditWhenNobodyReadsIt() {
    Requests requests = requests();
    Sent sent = requests.get("/");
    Call call = call(0);
    sent.slow = true;
    loop.run(() -> call.begin(200));
    loop.until("the head arrives", () -> sent.head != null);
    int total = loop.fill(64 * 1024, () -> call.send(new byte[64 * 1024]), () -> call.credit);
    assertThat(sent.received).isLessThanOrEqualTo(512 * 1024);
    loop.run(() -> {
      sent.slow = false;
      sent.responseBody().consumed(sent.received);
      call.end(null);
      call.done(new Outcome.Answered(200, -1));
    });
    assertThat(sent.await()).isEqualTo(new Outcome.Answered(200, -1));
    assertThat(sent.received).isEqualTo(total);
  }

  @Test
  void givesCreditForARequestOnlyAsTheServerTakesIt() {
    application.script(call -> {
      call.slow = true;
      call.read();
    });
    Sent sent = requests().post("/");
    int total =
        loop.fill(
            64 * 1024,
            () -> sent.request.data(Unpooled.wrappedBuffer(new byte[64 * 1024])),
            () -> sent.credit);
    Call call = call(0);
    sent.end(null);
    loop.run(() -> {
      call.slow = false;
      call.exchange.body().consumed(call.received);
    });
    loop.until("all arrives", () -> call.requestEnded);
    assertThat(call.received).isEqualTo(total);
    loop.run(() -> call.answer(200, ""));
    assertThat(sent.await()).isEqualTo(new Outcome.Answered(200, -1));
    loop.until("all credit is back", () -> sent.credit == total);
  }

  @Test
  void dropsAnAbandonedAnswerAndIsDoneAtOnce() {
    application.script(call -> {
      call.begin(503);
      call.send(new byte[1000]);
    });
    Requests requests = requests();
    Sent sent = requests.get("/");
    loop.until("the head arrives", () -> sent.head != null);
    loop.run(() -> {
      sent.abandonsHead = true;
      sent.responseBody().abandon();
    });
    assertThat(sent.outcome).isEqualTo(new Outcome.Answered(503, -1));
    Call call = call(0);
    loop.run(() -> {
      call.end(null);
      call.done(new Outcome.Answered(503, -1));
    });
    application.answers("next");
    assertThat(requests.get("/").await()).isEqualTo(new Outcome.Answered(200, -1));
    assertThat(call.cancelled).isNull();
    assertThat(loop.dialled).hasSizeLessThanOrEqualTo(2);
  }

  @Test
  void stopsAnAbandonedAnswerThatDoesNotEnd() {
    Requests requests = requests();
    Sent sent = requests.get("/");
    Call call = call(0);
    loop.run(() -> {
      sent.abandonsHead = true;
      call.begin(200);
      call.send(new byte[300_000]);
    });
    assertThat(sent.await()).isEqualTo(new Outcome.Answered(200, -1));
    loop.until("cancelled upstream", () -> call.cancelled != null);
  }

  @Test
  void saysThatTheEndpointRefused() throws IOException {
    int refused;
    try (ServerSocket socket = new ServerSocket(0)) {
      refused = socket.getLocalPort();
    }
    Sent sent = requests(loop.upstream(refused, sidecar())).get("/");
    Outcome.Failed failed = sent.awaitFailure();
    assertThat(failed.error()).isEqualTo(MeshError.CONNECT_FAILED);
    assertThat(failed.progress()).isEqualTo(Progress.NOT_SENT);
    assertThat(failed.detail()).contains("127.0.0.1:" + refused);
  }

  @Test
  void refusesMoreThanMayWait() {
    Requests requests = requests(Loop.backend(1, 2, Duration.ofSeconds(1)));
    List<Sent> all = new ArrayList<>();
    loop.run(() -> application.answers("x"));
    // In one task of the loop nothing can be connected yet.
    Upstream upstream =
        loop.upstream(
            port, sidecar(), ClientSettings.DEFAULT, Loop.backend(1, 2, Duration.ofSeconds(1)));
    loop.run(() -> {
      Requests direct = new Requests(loop, upstream, version());
      for (int i = 0; i < 3; i++) {
        all.add(direct.sendHere("GET", "/" + i));
      }
    });
    assertThat(all.get(2).awaitFailure().error()).isEqualTo(MeshError.OVERLOADED);
    assertThat(all.get(2).awaitFailure().progress()).isEqualTo(Progress.NOT_SENT);
    assertThat(all.get(0).await()).isEqualTo(new Outcome.Answered(200, -1));
    assertThat(all.get(1).await()).isEqualTo(new Outcome.Answered(200, -1));
    assertThat(requests.get("/").await()).isEqualTo(new Outcome.Answered(200, -1));
  }

  @Test
  void finishesWhatIsUnderWayWhenItIsClosed() {
    Upstream upstream = loop.upstream(port, sidecar());
    Requests requests = requests(upstream);
    Sent busy = requests.get("/");
    Call call = call(0);
    loop.run(upstream::close);
    loop.run(() -> call.answer(200, "whole"));
    assertThat(busy.await()).isEqualTo(new Outcome.Answered(200, -1));
    loop.until("closed", () -> !loop.dialled.getFirst().isActive());
  }

  /** Their route led here when they began; a later version of it does not. */
  @Test
  void servesWhoWaitsOrComesLateWhenItIsClosedAndKeepsNothing() {
    Upstream upstream = loop.upstream(port, sidecar());
    Requests requests = requests(upstream);
    Sent waiting = requests.get("/");
    loop.run(upstream::close);
    Call first = call(0);
    loop.run(() -> first.answer(200, "whole"));
    assertThat(waiting.await()).isEqualTo(new Outcome.Answered(200, -1));

    Sent late = requests.get("/");
    Call second = call(1);
    loop.run(() -> second.answer(200, "whole"));
    assertThat(late.await()).isEqualTo(new Outcome.Answered(200, -1));
    loop.until("closed", () -> loop.dialled.stream().noneMatch(Channel::isActive));
    assertThat(loop.dialled).hasSize(2);
  }
}
