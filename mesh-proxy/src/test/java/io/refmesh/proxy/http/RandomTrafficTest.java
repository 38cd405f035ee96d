package io.refmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.RequestHead.Version;
import io.refmesh.proxy.http.client.ClientSettings;
import io.refmesh.proxy.http.server.Drain;
import io.refmesh.proxy.http.server.Http1Server;
import io.refmesh.proxy.http.server.Http2Server;
import io.refmesh.proxy.http.server.ServerConnection;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.http.server.ServerSettings.Role;
import io.refmesh.proxy.http.wire.Loop;
import io.refmesh.proxy.http.wire.Requests;
import io.refmesh.proxy.http.wire.Requests.Sent;
import io.refmesh.proxy.http.wire.ScriptedApplication;
import io.refmesh.proxy.http.wire.ScriptedApplication.Call;
import io.refmesh.proxy.http.wire.Watched;
import io.refmesh.testkit.Seed;
import io.refmesh.testkit.Seeds;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Callers, two halves of the proxy and an application that do everything to each other that they
 * can: whatever happens, each exchange is done exactly once, no body ends cleanly that was cut, and
 * every buffer is released.
 */
final class RandomTrafficTest {

  private static final int EXCHANGES = 80;

  @Seeds(6)
  void endsEveryExchangeExactlyOnce(Seed seed) {
    RandomGenerator random = seed.random();
    Version version = random.nextBoolean() ? Version.HTTP_1_1 : Version.HTTP_2;
    Loop loop = new Loop();
    List<ServerConnection> connections = new CopyOnWriteArrayList<>();
    ScriptedApplication application = new ScriptedApplication();
    application.script(call -> misbehave(call, loop, random));
    Caller caller = new Caller(new InetSocketAddress("127.0.0.1", 1), Optional.of(Loop.CART), true);
    ServerSettings settings = ServerSettings.of(Role.INBOUND, loop.ticker);
    long kept = ClientSettings.DEFAULT.http2().buffered().now();
    Watched atApplication = new Watched(application);
    int applicationPort =
        loop.listen(pipeline ->
            connections.add(
                version == Version.HTTP_2
                    ? Http2Server.install(pipeline, atApplication, caller, settings)
                    : Http1Server.install(pipeline, atApplication, caller, settings)));
    Watched inbound = new Watched(loop.upstream(applicationPort, false));
    int inboundPort =
        loop.listen(
            pipeline -> connections.add(Http2Server.install(pipeline, inbound, caller, settings)));
    Watched outbound = new Watched(loop.upstream(inboundPort, true));
    Requests requests = new Requests(loop, outbound, version);
    List<Sent> all = new ArrayList<>();
    loop.run(() -> begin(loop, requests, all, random));
    loop.until("all are begun", () -> all.size() == EXCHANGES);
    // Who still hangs is given up, as a timeout would.
    loop.run(() ->
        loop.loop()
            .schedule(
                () ->
                    all.forEach(sent ->
                        sent.exchange()
                            .cancel(
                                new Outcome.Failed(
                                    MeshError.REQUEST_TIMEOUT,
                                    "end of the test",
                                    Progress.NOT_SENT))),
                100,
                TimeUnit.MILLISECONDS));
    loop.until("all are done", () -> all.stream().allMatch(sent -> sent.outcome != null));
    loop.until("nothing is owed at the outbound side", () -> outbound.owed() == 0);
    loop.until("nothing is owed at the inbound side", () -> inbound.owed() == 0);
    // A server whose reading is paused sees that its caller went away when it reads on.
    loop.run(() -> application.calls.forEach(RandomTrafficTest::readOn));
    loop.until("nothing is owed at the application", () -> atApplication.owed() == 0);
    assertThat(outbound.violations).as("outbound").isEmpty();
    assertThat(inbound.violations).as("inbound").isEmpty();
    assertThat(atApplication.violations).as("application").isEmpty();
    assertThat(all).allMatch(sent -> sent.dones.get() == 1);
    for (Sent sent : all) {
      if (sent.responseEnded && sent.status() == 200) {
        // An echo is whole or it is not ended.
        byte[] body = sent.body();
        byte[] expected = new byte[body.length];
        Arrays.fill(expected, (byte) 'e');
        assertThat(body).isEqualTo(expected);
        assertThat(sent.trailers).isNotNull();
        assertThat(sent.trailers.get("x-length")).hasToString(String.valueOf(body.length));
      }
    }
    loop.until(
        "no connection has anything in flight",
        () -> connections.stream().allMatch(c -> c.inFlight() == 0));
    loop.until(
        "no byte of a body is counted as kept", () -> settings.http2().buffered().now() == 0);
    loop.until(
        "no byte of a response is counted as kept",
        () -> ClientSettings.DEFAULT.http2().buffered().now() == kept);
    loop.close();
  }

  /** Begins one exchange after the other, with what happens to it later. */
  private static void begin(Loop loop, Requests requests, List<Sent> all, RandomGenerator random) {
    Sent sent =
        random.nextInt(3) == 0
            ? requests.sendHere("GET", "/")
            : requests.sendHere("POST", "/", false);
    all.add(sent);
    int chunks = random.nextInt(12);
    for (int i = 0; i < chunks; i++) {
      later(loop, random, () -> write(sent, random.nextInt(40_000)));
    }
    switch (random.nextInt(8)) {
      case 0 ->
          later(loop, random, () -> sent.exchange().cancel(new Outcome.CallerGone(Progress.SENT)));
      case 1 ->
          later(
              loop,
              random,
              () ->
                  sent.exchange()
                      .cancelTry(new Outcome.Failed(MeshError.TRY_TIMEOUT, "", Progress.SENT)));
      case 2 ->
          later(
              loop,
              random,
              () ->
                  sent.request.fail(
                      new Outcome.Failed(MeshError.BAD_REQUEST, "cut", Progress.SENT)));
      case 3 -> sent.abandonsHead = true;
      case 4 -> {
        sent.slow = true;
        later(
            loop,
            random,
            () -> {
              sent.slow = false;
              if (sent.head != null && sent.received > 0) {
                sent.responseBody().consumed(sent.received);
              }
            });
      }
      default -> {}
    }
    loop.loop().schedule(() -> sent.request.end(null), 30, TimeUnit.MILLISECONDS);
    if (random.nextInt(40) == 0) {
      later(loop, random, () -> any(loop.accepted, random).close());
    }
    if (random.nextInt(40) == 0) {
      later(
          loop,
          random,
          () -> any(loop.accepted, random).pipeline().fireUserEventTriggered(Drain.EVENT));
    }
    if (all.size() < EXCHANGES) {
      loop.loop()
          .schedule(
              () -> begin(loop, requests, all, random),
              random.nextInt(2_000),
              TimeUnit.MICROSECONDS);
    }
  }

  private static void write(Sent sent, int length) {
    if (!sent.request.over()) {
      byte[] bytes = new byte[length + 1];
      Arrays.fill(bytes, (byte) 'e');
      sent.request.data(io.netty.buffer.Unpooled.wrappedBuffer(bytes));
    }
  }

  private static Channel any(List<Channel> channels, RandomGenerator random) {
    return channels.get(random.nextInt(channels.size()));
  }

  private static void later(Loop loop, RandomGenerator random, Runnable task) {
    loop.loop().schedule(task, random.nextInt(20_000), TimeUnit.MICROSECONDS);
  }

  private static void misbehave(Call call, Loop loop, RandomGenerator random) {
    switch (random.nextInt(8)) {
      case 0 -> call.answer(503, "no");
      case 1 -> later(loop, random, () -> ifWaiting(call, () -> call.answer(204, "")));
      case 2 -> {
        call.read();
        later(
            loop,
            random,
            () ->
                ifWaiting(
                    call,
                    () -> {
                      call.begin(500);
                      call.send(new byte[random.nextInt(100_000) + 1]);
                      call.fail(
                          new Outcome.Failed(
                              MeshError.UPSTREAM_RESET, "cut", Progress.HEAD_RECEIVED));
                    }));
      }
      case 3 -> call.read();
      case 4 -> {
        call.slow = true;
        call.read();
      }
      default -> call.whenRead(() -> ifWaiting(call, () -> echo(call)));
    }
  }

  private static void readOn(Call call) {
    if (call.slow) {
      call.slow = false;
      call.exchange.body().consumed(call.received);
    }
  }

  private static void ifWaiting(Call call, Runnable then) {
    if (call.cancelled == null) {
      then.run();
    }
  }

  private static void echo(Call call) {
    call.inform(103);
    call.begin(200);
    byte[] body = call.body();
    for (int at = 0; at < body.length && call.cancelled == null; at += 10_000) {
      call.send(Arrays.copyOfRange(body, at, Math.min(body.length, at + 10_000)));
    }
    call.end(ScriptedApplication.headers("x-length", String.valueOf(body.length)));
    call.done(new Outcome.Answered(200, -1));
  }
}
