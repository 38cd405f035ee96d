package io.refmesh.proxy.telemetry;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Counts every exchange that goes through it, once when its head has arrived and once when it has
 * ended, and tells observers of it. Stands first in a stack, so that errors made by the layers
 * below are counted like any other answer. The counters have moved when {@code done} climbs on.
 * Used by all event loops.
 */
public final class RequestMetricsLayer implements Layer {

  /**
   * Different combinations of labels remembered; beyond that all are forgotten and looked up again.
   */
  private static final int REMEMBERED_MAX = 4_096;

  /**
   * Names that clients may bring into the authority label before the rest are called {@code other}:
   * they are free to invent them.
   */
  private static final int AUTHORITIES_MAX = 64;

  private static final String OTHER = "other";
  private static final long NONE = -1;

  private record Begun(boolean tls, String authority, String clientId) {}

  private record Ended(
      boolean tls,
      String authority,
      String clientId,
      @Nullable EndpointSpec endpoint,
      String route,
      Ending ending) {}

  private record Meters(Counter responses, Histogram latency) {}

  private final RequestTarget target;
  private final ProxyMetrics metrics;
  private final Ticker ticker;
  private final ExchangeObserver[] observers;
  private final boolean timesProcessing;
  private final ConcurrentHashMap<Begun, Counter> begun = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Ended, Meters> ended = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, String> authorities = new ConcurrentHashMap<>();

  /**
   * @param ticker the one that {@link Exchange#startNanos} is taken from
   * @param observers told in this order
   */
  public RequestMetricsLayer(
      RequestTarget target,
      ProxyMetrics metrics,
      Ticker ticker,
      List<? extends ExchangeObserver> observers) {
    this.target = target;
    this.metrics = metrics;
    this.ticker = ticker;
    this.observers = observers.toArray(ExchangeObserver[]::new);
    timesProcessing = observers.stream().anyMatch(ExchangeObserver::wantsProcessingTime);
  }

  @Override
  public HttpService wrap(HttpService next) {
    return new HttpService() {
      @Override
      public void handle(Exchange exchange, Reply reply) {
        new Metered(exchange, reply).begin(next);
      }

      @Override
      public void refused(Exchange exchange, Reply reply, Outcome.Failed why) {
        new Metered(exchange, reply).refuse(why);
      }
    };
  }

  /** One exchange on its way. */
  private final class Metered extends ObservedExchange implements Reply, Runnable {
    private final Exchange exchange;
    private final Reply reply;
    private final Begun begun;
    private String error = "";
    private boolean working;
    private long workingSinceNanos;

    /** Request head to the first byte of the answer's body. */
    private long firstByteNanos = NONE;

    Metered(Exchange exchange, Reply reply) {
      super(target, exchange);
      this.exchange = exchange;
      this.reply = reply;
      begun = new Begun(exchange.caller().meshed(), authority(request().authority()), clientId());
    }

    void begin(HttpService next) {
      requests(begun).increment();
      for (ExchangeObserver observer : observers) {
        observer.requested(this);
      }
      beginWork();
      next.handle(exchange, this);
      endWork();
    }

    /** False when it is not timed, or is already: what runs inside counts once. */
    private boolean beginWork() {
      if (!timesProcessing || working) {
        return false;
      }
      working = true;
      workingSinceNanos = ticker.nanoTime();
      return true;
    }

    private void endWork() {
      if (working) {
        working = false;
        processingNanos += ticker.nanoTime() - workingSinceNanos;
      }
    }

    /** Not a request in the metrics: nobody knows what it was. */
    void refuse(Outcome.Failed why) {
      metrics
          .counter(ProxyMetric.REFUSED_TOTAL, target.direction(), why.error().code())
          .increment();
      for (ExchangeObserver observer : observers) {
        observer.requested(this);
      }
      ended(why, Ending.of(why, 0, "", false), ticker.nanoTime() - exchange.startNanos());
      for (ExchangeObserver observer : observers) {
        observer.ended(this);
      }
      reply.done(why);
    }

    @Override
    public void head(ResponseHead head) {
      if (!head.informational()) {
        status = head.status();
        responseBody = head.body();
        if (responseBody != null) {
          responseBody.onFirstData(this);
        }
        if (request().tunnelAfter(status)) {
          tunnelOpened(request());
        }
        CharSequence code = fromMesh() ? head.headers().get(MeshHeaders.ERROR) : null;
        error = code == null ? "" : code.toString();
        if (observers.length > 0) {
          headNanos = ticker.nanoTime() - exchange.startNanos();
          for (ExchangeObserver observer : observers) {
            observer.responded(this, head);
          }
        }
      }
      boolean outermost = beginWork();
      reply.head(head);
      if (outermost) {
        endWork();
      }
    }

    /** The first byte is there. */
    @Override
    public void run() {
      firstByteNanos = ticker.nanoTime() - exchange.startNanos();
    }

    @Override
    public void done(Outcome outcome) {
      long nanos = ticker.nanoTime() - exchange.startNanos();
      Ending how = Ending.of(outcome, status, error, request().grpc());
      Meters meters =
          meters(
              new Ended(
                  target instanceof RequestTarget.Inbound ? begun.tls() : toSidecar(),
                  begun.authority(),
                  begun.clientId(),
                  exchange.endpoint(),
                  exchange.route(),
                  how));
      meters.responses().increment();
      meters.latency().recordNanos(firstByteNanos == NONE ? nanos : firstByteNanos);
      endWork();
      ended(outcome, how, nanos);
      for (ExchangeObserver observer : observers) {
        observer.ended(this);
      }
      reply.done(outcome);
    }

    /**
     * An application may write any header; a far sidecar is believed, and so is an answer for which
     * no endpoint was asked.
     */
    private boolean fromMesh() {
      return exchange.endpoint() == null
          || (target instanceof RequestTarget.Outbound && toSidecar());
    }

    private boolean toSidecar() {
      EndpointSpec endpoint = exchange.endpoint();
      return endpoint != null && endpoint.identity().isPresent();
    }
  }

  /** Rare enough to look the counter up. */
  private void tunnelOpened(RequestHead request) {
    String protocol =
        switch (request.upgrade().toLowerCase(Locale.ROOT)) {
          case "" -> "connect";
          case "websocket" -> "websocket";
          // Callers may invent others.
          default -> OTHER;
        };
    metrics
        .counter(
            ProxyMetric.TUNNELS_TOTAL,
            target.direction(),
            target.namespace(),
            target.service(),
            target.port(),
            protocol)
        .increment();
  }

  private Counter requests(Begun key) {
    Counter counter = begun.get(key);
    if (counter == null) {
      RequestTarget.Instance own = target.instance(null);
      counter =
          metrics.counter(
              ProxyMetric.REQUEST_TOTAL,
              target.direction(),
              target instanceof RequestTarget.Inbound ? Boolean.toString(key.tls()) : "",
              key.authority(),
              target.namespace(),
              target.service(),
              target.port(),
              own.workload(),
              own.pod(),
              key.clientId());
      forgetIfMany(begun);
      begun.put(key, counter);
    }
    return counter;
  }

  private Meters meters(Ended key) {
    Meters meters = ended.get(key);
    if (meters == null) {
      RequestTarget.Instance instance = target.instance(key.endpoint());
      String tls = Boolean.toString(key.tls());
      meters =
          new Meters(
              metrics.counter(
                  ProxyMetric.RESPONSE_TOTAL,
                  target.direction(),
                  tls,
                  key.authority(),
                  target.namespace(),
                  target.service(),
                  target.port(),
                  instance.workload(),
                  instance.pod(),
                  key.route(),
                  key.clientId(),
                  instance.serverId(),
                  instance.address(),
                  key.ending().classification(),
                  key.ending().status(),
                  key.ending().grpcStatus(),
                  key.ending().error()),
              metrics.histogram(
                  ProxyMetric.RESPONSE_LATENCY_MS,
                  target.direction(),
                  tls,
                  key.authority(),
                  target.namespace(),
                  target.service(),
                  target.port(),
                  instance.workload(),
                  instance.pod(),
                  key.route(),
                  key.ending().status()));
      forgetIfMany(ended);
      ended.put(key, meters);
    }
    return meters;
  }

  private String authority(String sent) {
    String known = authorities.get(sent);
    if (known != null) {
      return known;
    }
    if (authorities.size() >= AUTHORITIES_MAX) {
      return OTHER;
    }
    String lower = sent.toLowerCase(Locale.ROOT);
    authorities.put(sent, lower);
    return lower;
  }

  private static void forgetIfMany(ConcurrentHashMap<?, ?> remembered) {
    if (remembered.size() >= REMEMBERED_MAX) {
      remembered.clear();
    }
  }
}
