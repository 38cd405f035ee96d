package io.refmesh.proxy;

import static io.refmesh.proxy.scripted.Destinations.backend;
import static io.refmesh.proxy.scripted.Destinations.endpoints;
import static io.refmesh.proxy.scripted.Destinations.service;
import static io.refmesh.proxy.scripted.Destinations.timeouts;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.proxy.endpoint.EndpointHealth.State;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.http.client.Upstream;
import io.refmesh.proxy.http.client.Upstreams;
import io.refmesh.proxy.resilience.FaultSlots;
import io.refmesh.proxy.scripted.CollectingSink;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.TestBody;
import io.refmesh.proxy.scripted.TestLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The whole outbound path over endpoints that fail in every way at random, on a clock moved by
 * hand. A failing seed says how to be run again by its name.
 */
class OutboundStackSimulationTest {

  private static final int ENDPOINTS = 4;
  private static final int RETRIES = 2;
  private static final int REQUESTS_PER_SECOND = 50;
  private static final int FAULTY_SECONDS = 30;
  private static final List<Fault> FAULTS = List.of(Fault.values());

  static long[] seeds() {
    long[] seeds = new long[20];
    for (int i = 0; i < seeds.length; i++) {
      seeds[i] = i + 1L;
    }
    return seeds;
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void keepsItsPromisesUnderFaultsAndRecoversAfterThem(long seed) {
    World world = new World(seed);
    for (int second = 0; second < FAULTY_SECONDS; second++) {
      world.changeFaults();
      world.oneSecond();
    }
    world.stopFaults();
    // The longest back-off that thirty seconds of faults can lead to, plus its jitter and a
    // request.
    for (int second = 0; second < 50; second++) {
      world.oneSecond();
    }
    int settled = world.requests.size();
    for (int second = 0; second < 5; second++) {
      world.oneSecond();
    }
    world.loop.advance(Duration.ofSeconds(10));

    world.check();
    assertThat(world.requests.subList(settled, world.requests.size()))
        .as("after the faults every new request succeeds")
        .allSatisfy(request -> assertThat(request.reply.status()).isEqualTo(200));
    assertThat(world.registry.snapshot())
        .allSatisfy(endpoint -> {
          assertThat(endpoint.health().state()).isEqualTo(State.ADMITTING);
          assertThat(endpoint.pending()).isZero();
        });
  }

  /** What a fault does to a request. */
  private enum Fault {
    NONE,
    STATUS_503,
    CONNECT_FAILED,
    RESET_BEFORE_HEAD,
    RESET_IN_BODY,
    REFUSED,
    HANG,
    SLOW
  }

  private static final class Request {
    final String id;
    final boolean post;
    final RecordingReply reply = new RecordingReply();
    final TestBody body = new TestBody();
    int tries;
    int effects;
    boolean headSeen;

    Request(String id, boolean post) {
      this.id = id;
      this.post = post;
    }
  }

  private static final class World implements Upstreams {
    final TestLoop loop;
    final RandomGenerator random;
    final EndpointRegistry registry;
    final DestinationStack stack;
    final List<Request> requests = new ArrayList<>();
    final Map<String, Request> byPath = new HashMap<>();
    final Fault[] faults = new Fault[ENDPOINTS];
    final int[] faultPercent = new int[ENDPOINTS];
    final List<Long> retriesAt = new ArrayList<>();
    final List<Long> requestsAt = new ArrayList<>();

    /** Errors thrown in tasks of the loop get lost otherwise. */
    final List<Throwable> problems = new ArrayList<>();

    World(long seed) {
      loop = new TestLoop(seed);
      random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed + 1000);
      registry = new EndpointRegistry(loop.ticker, loop.random, this, loop.metrics, "", "");
      RetrySettings retry =
          new RetrySettings(
              RETRIES,
              List.of(
                  RetryCondition.parse("5xx"),
                  RetryCondition.parse("reset"),
                  RetryCondition.parse("connect-failure"),
                  RetryCondition.parse("refused-stream"),
                  RetryCondition.parse("per-try-timeout")),
              false,
              Duration.ofMillis(25),
              Duration.ofMillis(250),
              64 * 1024,
              RetrySettings.Budget.DEFAULT);
      stack =
          new OutboundStack(
                  loop.ticker,
                  loop.random,
                  registry,
                  new FaultSlots(loop.ticker, loop.clock, loop.metrics),
                  loop.metrics)
              .compile(
                  service(
                      backend(endpoints(ENDPOINTS), BackendSettings.DEFAULT),
                      timeouts(2000, 400, 1000),
                      Optional.of(retry)));
      stopFaults();
    }

    void changeFaults() {
      for (int i = 0; i < ENDPOINTS; i++) {
        faults[i] = FAULTS.get(random.nextInt(FAULTS.size()));
        faultPercent[i] = random.nextBoolean() ? 100 : random.nextInt(100);
      }
    }

    void stopFaults() {
      java.util.Arrays.fill(faults, Fault.NONE);
    }

    void oneSecond() {
      for (int i = 0; i < REQUESTS_PER_SECOND; i++) {
        send();
        loop.advance(Duration.ofMillis(1000 / REQUESTS_PER_SECOND));
      }
    }

    void send() {
      Request request = new Request("/r" + requests.size(), random.nextInt(4) == 0);
      requests.add(request);
      byPath.put(request.id, request);
      requestsAt.add(loop.nanos());
      if (request.post) {
        request.body.send("body of ");
        loop.loop().schedule(() -> finish(request), random.nextInt(20), TimeUnit.MILLISECONDS);
      }
      Exchange exchange =
          request.post ? loop.post(request.id, request.body.pipe) : loop.get(request.id);
      stack.http().handle(exchange, request.reply);
    }

    private void finish(Request request) {
      request.body.send(request.id);
      request.body.pipe.end(null);
    }

    @Override
    public Upstream open(
        EndpointSpec endpoint, AppProtocol protocol, BackendSettings settings, EventLoop on) {
      return new Upstream() {
        @Override
        public void handle(Exchange exchange, Reply reply) {
          try {
            arrived(endpoint.replica(), exchange, reply);
          } catch (RuntimeException | Error e) {
            problems.add(e);
          }
        }

        @Override
        public void close() {}
      };
    }

    private void arrived(int replica, Exchange exchange, Reply reply) {
      Request request = byPath.get(exchange.request().path());
      if (request == null) {
        throw new AssertionError("nobody sent " + exchange.request().path());
      }
      request.tries++;
      if (request.tries > 1) {
        retriesAt.add(loop.nanos());
        assertThat(request.headSeen).as("no retry after the head: " + request.id).isFalse();
      }
      State state = registry.snapshot().get(replica).health().state();
      assertThat(state).as("an ejected endpoint gets probes only").isNotEqualTo(State.EJECTED);
      if (state == State.PROBING) {
        assertThat(registry.snapshot().get(replica).pending())
            .as("one probe at a time, besides tries from before the ejection")
            .isPositive();
      }
      Fault fault = random.nextInt(100) < faultPercent[replica] ? faults[replica] : Fault.NONE;
      new ServerSide(exchange, reply, request).play(fault);
    }

    void check() {
      assertThat(problems).isEmpty();
      for (Request request : requests) {
        assertThat(request.reply.isDone()).as("%s ends", request.id).isTrue();
        assertThat(request.reply.problem).as(request.id).isNull();
        assertThat(request.body.held()).as("chunks held of " + request.id).isZero();
        assertThat(request.tries).as(request.id).isLessThanOrEqualTo(1 + RETRIES);
        if (request.post) {
          assertThat(request.effects).as("effects of " + request.id).isLessThanOrEqualTo(1);
        }
      }
      for (long at : retriesAt) {
        long from = at - TimeUnit.SECONDS.toNanos(10);
        // A retry is sent up to 250 ms after the budget was asked: these were all granted within
        // one window.
        long sentFrom = from + TimeUnit.MILLISECONDS.toNanos(250);
        long retries = retriesAt.stream().filter(r -> r > sentFrom && r <= at).count();
        long sent = requestsAt.stream().filter(r -> r > from && r <= at).count();
        assertThat(retries).as("retries within 10 s").isLessThanOrEqualTo(sent / 5 + 100);
      }
    }

    /** One try as its server plays it. */
    private final class ServerSide implements Exchange.Holder, BodyPipe.Source {
      private final Exchange exchange;
      private final Reply reply;
      private final Request request;
      private @Nullable CollectingSink received;
      private boolean over;

      ServerSide(Exchange exchange, Reply reply, Request request) {
        this.exchange = exchange;
        this.reply = reply;
        this.request = request;
      }

      void play(Fault fault) {
        exchange.hold(this);
        if (fault != Fault.CONNECT_FAILED && fault != Fault.REFUSED) {
          received = CollectingSink.on(exchange.body());
        }
        switch (fault) {
          case NONE -> after(5, () -> answer(200));
          case SLOW -> after(300, () -> answer(200));
          case STATUS_503 -> after(5, () -> answer(503));
          case CONNECT_FAILED -> after(1, () -> fail(MeshError.CONNECT_FAILED, Progress.NOT_SENT));
          case REFUSED -> after(1, () -> fail(MeshError.UPSTREAM_RESET, Progress.REFUSED));
          case RESET_BEFORE_HEAD ->
              after(
                  5,
                  () -> {
                    effect();
                    fail(MeshError.UPSTREAM_RESET, Progress.SENT);
                  });
          case RESET_IN_BODY -> after(5, this::resetInBody);
          case HANG -> effect();
        }
      }

      private void answer(int status) {
        effect();
        if (received != null && request.post && received.ended) {
          assertThat(received.text()).isEqualTo("body of " + request.id);
        }
        request.headSeen |= status == 200;
        over = true;
        exchange.release(this);
        reply.head(
            new ResponseHead(status, new DefaultHttp2Headers(false), TestBody.of("answer"), false));
        reply.done(new Outcome.Answered(status, -1));
      }

      private void resetInBody() {
        effect();
        request.headSeen = true;
        BodyPipe body = new BodyPipe(this);
        reply.head(new ResponseHead(200, new DefaultHttp2Headers(false), body, false));
        after(
            5,
            () -> {
              Outcome.Failed cut =
                  new Outcome.Failed(MeshError.UPSTREAM_RESET, "cut", Progress.HEAD_RECEIVED);
              over = true;
              exchange.release(this);
              body.fail(cut);
              reply.done(cut);
            });
      }

      private void effect() {
        request.effects++;
      }

      private void fail(MeshError error, Progress progress) {
        over = true;
        exchange.release(this);
        reply.done(new Outcome.Failed(error, "simulated", progress));
      }

      private void after(long millis, Runnable then) {
        exchange
            .loop()
            .schedule(
                () -> {
                  if (!over) {
                    try {
                      then.run();
                    } catch (RuntimeException | Error e) {
                      problems.add(e);
                    }
                  }
                },
                millis,
                TimeUnit.MILLISECONDS);
      }

      @Override
      public void cancelled(Outcome why) {
        over = true;
        reply.done(why);
      }

      @Override
      public void consumed(int bytes) {}

      @Override
      public void abandoned() {}
    }
  }
}
