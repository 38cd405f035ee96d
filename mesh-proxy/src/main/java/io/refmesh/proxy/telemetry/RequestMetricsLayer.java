package io.refmesh.proxy.telemetry;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Counts every exchange that goes through it, once when its head has arrived and once when it has
 * ended, and writes it to the access log. Stands first in a stack, so that errors made by the
 * layers below are counted like any other answer. The counters have moved when {@code done} climbs
 * on. Used by all event loops.
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
  private final Optional<AccessLog> log;
  private final ConcurrentHashMap<Begun, Counter> begun = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Ended, Meters> ended = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, String> authorities = new ConcurrentHashMap<>();

  /**
   * @param ticker the one that {@link Exchange#startNanos} is taken from
   * @param log empty when the access log is off
   */
  public RequestMetricsLayer(
      RequestTarget target, ProxyMetrics metrics, Ticker ticker, Optional<AccessLog> log) {
    this.target = target;
    this.metrics = metrics;
    this.ticker = ticker;
    this.log = log;
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      Metered metered = new Metered(exchange, reply);
      requests(metered.begun).increment();
      next.handle(exchange, metered);
    };
  }

  /** One exchange on its way. */
  private final class Metered implements Reply {
    private final Exchange exchange;
    private final Reply reply;
    // As they were before filters rewrote and retries replayed them.
    private final RequestHead request;
    private final BodyPipe requestBody;
    private final Begun begun;
    private int status;
    private String error = "";
    private @Nullable BodyPipe responseBody;

    Metered(Exchange exchange, Reply reply) {
      this.exchange = exchange;
      this.reply = reply;
      request = exchange.request();
      requestBody = exchange.body();
      begun =
          new Begun(
              exchange.caller().meshed(),
              authority(request.authority()),
              exchange.caller().identity().map(SpiffeId::uri).orElse(""));
    }

    @Override
    public void head(ResponseHead head) {
      if (!head.informational()) {
        status = head.status();
        responseBody = head.body();
        CharSequence code = fromSidecar() ? head.headers().get(MeshHeaders.ERROR) : null;
        error = code == null ? "" : code.toString();
      }
      reply.head(head);
    }

    @Override
    public void done(Outcome outcome) {
      long nanos = ticker.nanoTime() - exchange.startNanos();
      Ending ending = Ending.of(outcome, status, error, request.grpc());
      Meters meters =
          meters(
              new Ended(
                  target instanceof RequestTarget.Inbound ? begun.tls() : toSidecar(),
                  begun.authority(),
                  begun.clientId(),
                  exchange.endpoint(),
                  exchange.route(),
                  ending));
      meters.responses().increment();
      meters.latency().recordNanos(nanos);
      if (log.isPresent()) {
        log.get().write(entry(ending, nanos));
      }
      reply.done(outcome);
    }

    /** An application may write any header; a far sidecar is believed. */
    private boolean fromSidecar() {
      return target instanceof RequestTarget.Outbound && toSidecar();
    }

    private boolean toSidecar() {
      EndpointSpec endpoint = exchange.endpoint();
      return endpoint != null && endpoint.identity().isPresent();
    }

    private AccessLog.Entry entry(Ending ending, long nanos) {
      return new AccessLog.Entry(
          target.direction(),
          exchange.caller().address(),
          begun.clientId(),
          request.method(),
          request.authority(),
          request.pathOnly(),
          ending,
          requestBody.received(),
          responseBody == null ? 0 : responseBody.received(),
          nanos,
          exchange.route(),
          target.instance(exchange.endpoint()).address(),
          exchange.tries(),
          TraceId.of(request.headers()));
    }
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
