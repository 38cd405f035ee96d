package io.refmesh.proxy;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.control.DestinationState;
import io.refmesh.proxy.control.Destinations;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.telemetry.ExchangeObserver;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.telemetry.RequestMetricsLayer;
import io.refmesh.proxy.telemetry.RequestTarget;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The services that the application calls: asked for when a connection to one comes, kept for a
 * while after the last has gone. Leases are taken and given back on any thread; answers come on the
 * control plane's.
 */
final class OutboundServices implements AutoCloseable {

  /** How long a service is kept after its last use. */
  private static final Duration KEPT = Duration.ofSeconds(5);

  /**
   * How long a request or connection waits for the control plane's first answer about its service.
   */
  static final Duration ANSWER_WITHIN = Duration.ofSeconds(3);

  /** What the control plane has said about a service. */
  sealed interface Answer {

    /** Nothing yet. */
    record None() implements Answer {}

    record Known(DestinationStack stack) implements Answer {}

    record Missing(String reason) implements Answer {}
  }

  private static final Answer NONE = new Answer.None();

  private final Destinations destinations;
  private final OutboundStack stacks;
  private final ProxyMetrics metrics;
  private final Ticker ticker;
  private final List<ExchangeObserver> observers;
  private final EventLoop timers;
  private final Map<ServicePort, Service> services = new HashMap<>();
  private boolean closed;

  /**
   * @param timers a loop that carries no traffic
   */
  OutboundServices(
      Destinations destinations,
      OutboundStack stacks,
      ProxyMetrics metrics,
      Ticker ticker,
      List<ExchangeObserver> observers,
      EventLoop timers) {
    this.destinations = destinations;
    this.stacks = stacks;
    this.metrics = metrics;
    this.ticker = ticker;
    this.observers = observers;
    this.timers = timers;
  }

  /** The service, for a connection that calls it; whoever asks owes one {@link Service#release}. */
  synchronized Service lease(ServicePort id) {
    Service service = services.get(id);
    if (service == null) {
      service = new Service(id);
      services.put(id, service);
      if (!closed) {
        service.subscribe();
      }
    }
    service.leases++;
    return service;
  }

  @Override
  public synchronized void close() {
    closed = true;
    services.values().forEach(Service::end);
    services.clear();
  }

  private synchronized void release(Service service) {
    service.leases--;
    if (service.leases == 0 && !closed) {
      long release = ++service.releases;
      timers.schedule(() -> forget(service, release), KEPT.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private synchronized void forget(Service service, long release) {
    if (service.leases == 0 && service.releases == release && !closed) {
      services.remove(service.id);
      service.end();
      stacks.forget(service.id);
    }
  }

  /** One service in use. */
  final class Service {

    private final ServicePort id;
    private final HttpService http;
    private final Set<Runnable> waiting = ConcurrentHashMap.newKeySet();
    private volatile Answer answer = NONE;

    // Guarded by the services.
    private int leases;
    private long releases;
    private Destinations.@Nullable Subscription subscription;
    private boolean ended;

    Service(ServicePort id) {
      this.id = id;
      this.http =
          new RequestMetricsLayer(new RequestTarget.Outbound(id), metrics, ticker, observers)
              .wrap(this::dispatch);
    }

    ServicePort id() {
      return id;
    }

    /** For requests; waits for the control plane's answer when there is none yet. */
    HttpService http() {
      return http;
    }

    Answer answer() {
      return answer;
    }

    /** Has {@code told} run after the first answer, on the control plane's thread. */
    void await(Runnable told) {
      waiting.add(told);
    }

    void forget(Runnable told) {
      waiting.remove(told);
    }

    void release() {
      OutboundServices.this.release(this);
    }

    private void subscribe() {
      subscription = destinations.watch(id, this::told);
    }

    /** On the control plane's thread; throws when the version cannot be used. */
    private void told(DestinationState state) {
      Answer next =
          switch (state) {
            case DestinationState.Known known ->
                new Answer.Known(stacks.compile(known.destination()));
            case DestinationState.NotFound(long version, String reason) ->
                new Answer.Missing(reason);
          };
      synchronized (OutboundServices.this) {
        if (ended) {
          close(next);
          return;
        }
        Answer before = answer;
        answer = next;
        close(before);
      }
      waiting.forEach(Runnable::run);
    }

    /** Guarded by the services. */
    private void end() {
      ended = true;
      if (subscription != null) {
        subscription.close();
      }
      close(answer);
    }

    private static void close(Answer replaced) {
      if (replaced instanceof Answer.Known(DestinationStack stack)) {
        stack.close();
      }
    }

    private void dispatch(Exchange exchange, Reply reply) {
      switch (answer) {
        case Answer.Known(DestinationStack stack) -> stack.http().handle(exchange, reply);
        case Answer.Missing(String reason) ->
            reply.done(Outcome.Failed.before(MeshError.NO_ENDPOINTS, id + ": " + reason));
        case Answer.None none -> new Waiting(exchange, reply).begin();
      }
    }

    /** One request that waits for the first answer. */
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
        timer =
            exchange
                .loop()
                .schedule(this::timedOut, ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
        await(this);
        // The answer may have come before the line above.
        if (!(answer instanceof Answer.None)) {
          run();
        }
      }

      /** On the control plane's thread. */
      @Override
      public void run() {
        exchange.loop().execute(this::answered);
      }

      private void answered() {
        if (!over) {
          end();
          exchange.release(this);
          dispatch(exchange, reply);
        }
      }

      private void timedOut() {
        if (!over) {
          end();
          exchange.release(this);
          reply.done(
              Outcome.Failed.before(
                  MeshError.NOT_READY,
                  "the control plane did not say where "
                      + id
                      + " is within "
                      + ANSWER_WITHIN.toSeconds()
                      + " s"));
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
        forget(this);
        if (timer != null) {
          timer.cancel(false);
        }
      }
    }
  }
}
