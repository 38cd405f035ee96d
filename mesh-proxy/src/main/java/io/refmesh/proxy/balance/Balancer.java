package io.refmesh.proxy.balance;

import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.BackendSettings.Algorithm;
import io.refmesh.model.policy.BackendSettings.Hash;
import io.refmesh.proxy.endpoint.Attempt;
import io.refmesh.proxy.endpoint.BackendEndpoints;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Sends each try to an endpoint of one backend and records there how it went. Serves all event
 * loops; a try stays on its own.
 *
 * <p>Without any endpoint it refuses at once. While endpoints are known and none is ready, requests
 * wait for a while; once one has waited in vain the next do not, until an endpoint gets ready.
 */
public final class Balancer implements HttpService {

  /** How long a request waits for an endpoint to get ready; Linkerd's failfast timeout. */
  public static final long WAIT_SECONDS = 3;

  /** For {@code limits.pending: 0}, so that the queue has a bound all the same. */
  private static final int WAITING_MAX = 10_000;

  private final BackendEndpoints endpoints;
  private final Selector selector;
  private final BackendSettings settings;
  private final Ticker ticker;
  private final Counter queueFull;
  private final int waitingMost;
  private final String name;
  private final AtomicInteger waiting = new AtomicInteger();

  /**
   * @param random used from every event loop
   */
  public Balancer(
      BackendEndpoints endpoints,
      BackendSettings settings,
      Ticker ticker,
      RandomGenerator random,
      ProxyMetrics metrics) {
    this.endpoints = endpoints;
    this.settings = settings;
    this.ticker = ticker;
    selector = new Selector(endpoints, settings.balancer(), random);
    queueFull = metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "pending");
    waitingMost = settings.limits().pending() == 0 ? WAITING_MAX : settings.limits().pending();
    name =
        endpoints.id().namespace() + "/" + endpoints.id().service() + ":" + endpoints.id().port();
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    exchange.backend(name);
    long now = ticker.nanoTime();
    String route = exchange.route().isEmpty() ? "default" : exchange.route();
    switch (selector.select(key(exchange), exchange.avoid(), route, now)) {
      case Selection.Chosen(Attempt attempt) -> send(exchange, reply, attempt);
      case Selection.NoEndpoints none ->
          refuse(reply, MeshError.NO_ENDPOINTS, name + " has no endpoint");
      case Selection.AllEjected(int ejected) ->
          refuse(
              reply, MeshError.ALL_EJECTED, name + ": all " + ejected + " endpoints are ejected");
      case Selection.NoneReady none -> waitForOne(exchange, reply);
    }
  }

  /** How many requests wait for an endpoint to get ready. */
  public int waiting() {
    return waiting.get();
  }

  private void send(Exchange exchange, Reply reply, Attempt attempt) {
    exchange.endpoint(attempt.endpoint().spec());
    attempt
        .endpoint()
        .upstream(exchange.loop())
        .handle(exchange, new Recording(exchange, attempt, reply, ticker));
  }

  private void waitForOne(Exchange exchange, Reply reply) {
    if (endpoints.waitedInVain()) {
      refuse(reply, MeshError.NO_ENDPOINTS, name + " has endpoints, but none is ready");
    } else if (waiting.incrementAndGet() > waitingMost) {
      waiting.decrementAndGet();
      queueFull.increment();
      refuse(
          reply,
          MeshError.OVERLOADED,
          name + ": " + waitingMost + " requests wait for an endpoint to get ready (pending)");
    } else {
      new Waiting(exchange, reply).begin();
    }
  }

  private long key(Exchange exchange) {
    if (settings.balancer().algorithm() != Algorithm.RING_HASH) {
      return 0;
    }
    CharSequence value =
        switch (settings.balancer().hash()) {
          case Hash.Header(String name) -> exchange.request().headers().get(name);
          case Hash.Cookie(String name) -> Cookies.value(exchange.request().headers(), name);
          case Hash.Source source -> null;
        };
    return Rendezvous.key(value != null ? value : exchange.caller().address().getHostString());
  }

  private static void refuse(Reply reply, MeshError error, String detail) {
    reply.done(Outcome.Failed.before(error, detail));
  }

  /** Records one try on its way back. */
  private static final class Recording implements Reply {

    private final Exchange exchange;
    private final Attempt attempt;
    private final Reply reply;
    private final Ticker ticker;
    private boolean refusedByMesh;

    Recording(Exchange exchange, Attempt attempt, Reply reply, Ticker ticker) {
      this.exchange = exchange;
      this.attempt = attempt;
      this.reply = reply;
      this.ticker = ticker;
    }

    @Override
    public void head(ResponseHead head) {
      if (!head.informational()) {
        CharSequence grpcStatus = head.headers().get("grpc-status");
        boolean failing =
            head.status() >= 500 || (grpcStatus != null && !"0".contentEquals(grpcStatus));
        attempt.head(failing, ticker.nanoTime());
        refusedByMesh = refusedByMesh(head);
      }
      reply.head(head);
    }

    @Override
    public void done(Outcome outcome) {
      boolean admitted = attempt.endpoint().health().admits();
      attempt.end(outcome, refusedByMesh, ticker.nanoTime());
      if (admitted && !attempt.endpoint().health().admits()) {
        exchange.decisions().ejected(attempt.endpoint().spec());
      }
      reply.done(outcome);
    }

    /** The far sidecar kept its application's policy: that says nothing about the application. */
    private static boolean refusedByMesh(ResponseHead head) {
      CharSequence code = head.headers().get(MeshHeaders.ERROR);
      return code != null
          && (MeshError.RATE_LIMITED.code().contentEquals(code)
              || MeshError.DENIED.code().contentEquals(code));
    }
  }

  /** One request that waits for an endpoint to get ready. */
  private final class Waiting implements Exchange.Holder, Runnable {

    private final Exchange exchange;
    private final Reply reply;
    private @Nullable Future<?> timer;
    private boolean over;

    Waiting(Exchange exchange, Reply reply) {
      this.exchange = exchange;
      this.reply = reply;
    }

    void begin() {
      exchange.hold(this);
      if (over) {
        return;
      }
      timer = exchange.loop().schedule(this::timedOut, WAIT_SECONDS, TimeUnit.SECONDS);
      endpoints.await(this);
      // An endpoint may have become ready before the line above.
      if (!endpoints.current().ready().isEmpty()) {
        run();
      }
    }

    /** On the thread that changed the endpoints. */
    @Override
    public void run() {
      exchange.loop().execute(this::changed);
    }

    private void changed() {
      if (!over
          && (!endpoints.current().ready().isEmpty() || endpoints.current().all().isEmpty())) {
        end();
        exchange.release(this);
        handle(exchange, reply);
      }
    }

    private void timedOut() {
      if (!over) {
        end();
        exchange.release(this);
        endpoints.markWaitedInVain();
        refuse(
            reply,
            MeshError.NO_ENDPOINTS,
            name + " has endpoints, but none got ready within " + WAIT_SECONDS + " s");
      }
    }

    @Override
    public void cancelled(Outcome why) {
      if (!over) {
        end();
        reply.done(why);
      }
    }

    private void end() {
      over = true;
      waiting.decrementAndGet();
      endpoints.forget(this);
      if (timer != null) {
        timer.cancel(false);
      }
    }
  }
}
