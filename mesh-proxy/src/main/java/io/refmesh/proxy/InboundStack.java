package io.refmesh.proxy;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.policy.AuthorizationLayer;
import io.refmesh.proxy.policy.AuthorizationMeters;
import io.refmesh.proxy.policy.Authorizer;
import io.refmesh.proxy.policy.RateLimits;
import io.refmesh.proxy.resilience.DeadlineLayer;
import io.refmesh.proxy.resilience.FaultLayer;
import io.refmesh.proxy.resilience.FaultSlots;
import io.refmesh.proxy.resilience.RouteMeters;
import io.refmesh.proxy.telemetry.ExchangeObserver;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.telemetry.RequestMetricsLayer;
import io.refmesh.proxy.telemetry.RequestTarget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * The inbound path of a request, as a list in the order a request sees it; one for each version of
 * the workload's configuration. Immutable; serves all event loops.
 */
final class InboundStack {

  /**
   * The caller's own clock goes first: its timeout is the one that is counted and answered, and its
   * reset cancels the work here. The deadline is for callers whose reset does not get through, and
   * machines so loaded that it comes late.
   */
  private static final long DEADLINE_GRACE_MILLIS = 200;

  /**
   * A sidecar watches its bodies by the policy of its route, which may allow longer pauses than the
   * default here.
   */
  private static final Timeouts CALLER_WATCHES =
      new Timeouts(Duration.ZERO, Duration.ZERO, Duration.ZERO);

  /** A caller that tries every port must not fill our memory with stacks. */
  private static final int PORTS_MAX = 1024;

  /**
   * Parts that outlive versions.
   *
   * @param random used from every event loop
   */
  record Parts(
      ProxyConfig config,
      ApplicationCalls application,
      AuthorizationMeters authorizations,
      RateLimits rateLimits,
      FaultSlots faults,
      RandomGenerator random,
      ProxyMetrics metrics,
      Ticker ticker,
      List<ExchangeObserver> observers) {}

  private final InboundPolicy policy;
  private final Authorizer authorizer;
  private final Parts parts;
  private final Map<Integer, HttpService> services = new ConcurrentHashMap<>();

  InboundStack(InboundPolicy policy, Parts parts) {
    this.policy = policy;
    this.parts = parts;
    this.authorizer = new Authorizer(policy);
    for (int port : parts.config().ports().keySet()) {
      services.put(port, service(port));
    }
    parts.rateLimits().keepOnly(policy);
  }

  /** Before the first configuration: refuses everything. */
  static HttpService notReady() {
    return (exchange, reply) ->
        reply.done(
            Outcome.Failed.before(
                MeshError.NOT_READY, "the sidecar has no identity or no configuration yet"));
  }

  InboundPolicy policy() {
    return policy;
  }

  Authorizer authorizer() {
    return authorizer;
  }

  /** What the port speaks as far as the control plane knows. */
  AppProtocol protocol(int port) {
    return authorizer.protocol(port);
  }

  /** {@code namespace/name} of the first service that leads to the port; empty when none does. */
  String serviceName(int port) {
    return told(port).map(InboundPolicy.Port::service).orElse("");
  }

  /** What requests to a port of the application are handed to. */
  HttpService http(int port) {
    HttpService service = services.get(port);
    return service == null ? undeclared(port) : service;
  }

  /** With a redirect, calls come on every port; the application may listen on more than it says. */
  private HttpService undeclared(int port) {
    if (parts.config().capture() instanceof ProxyConfig.Capture.Addresses) {
      return notReady();
    }
    if (services.size() >= PORTS_MAX) {
      parts.metrics().counter(ProxyMetric.LIMIT_REACHED_TOTAL, "inbound ports").increment();
      return (exchange, reply) ->
          reply.done(
              Outcome.Failed.before(
                  MeshError.OVERLOADED,
                  "requests came on "
                      + PORTS_MAX
                      + " ports (expected: ports that the workload declares)"));
    }
    return services.computeIfAbsent(port, this::service);
  }

  private HttpService service(int port) {
    ProxyConfig config = parts.config();
    String called = serviceName(port);
    int slash = called.indexOf('/');
    String namespace = slash < 0 ? config.namespace() : called.substring(0, slash);
    String name = called.substring(slash + 1);
    RequestTarget target =
        new RequestTarget.Inbound(
            namespace,
            name,
            Integer.toString(port),
            config.workload(),
            config.replica(),
            config.identity(),
            config.applicationAddress(port));
    RouteMeters timeouts =
        new RouteMeters(
            parts.metrics(),
            new ServicePort(namespace, name.isEmpty() ? config.workload() : name, port),
            "inbound");

    List<Layer> layers = new ArrayList<>();
    layers.add(new RequestMetricsLayer(target, parts.metrics(), parts.ticker(), parts.observers()));
    layers.add(new AuthorizationLayer(() -> authorizer, port, parts.authorizations()));
    told(port)
        .flatMap(InboundPolicy.Port::rateLimit)
        .ifPresent(limit -> layers.add(parts.rateLimits().layer(port, limit)));
    layers.add(
        byCaller(
            withGrace(new DeadlineLayer(CALLER_WATCHES, parts.ticker(), timeouts)),
            next ->
                new DeadlineLayer(
                        new Timeouts(Duration.ZERO, Duration.ZERO, config.limits().idleTimeout()),
                        parts.ticker(),
                        timeouts)
                    .wrap(tellingTimeLeft(next, 0))));
    told(port)
        .flatMap(InboundPolicy.Port::faults)
        .ifPresent(injected ->
            layers.add(
                new FaultLayer(
                    injected,
                    FaultLayer.Side.SERVER,
                    parts.faults(),
                    parts.random(),
                    parts.metrics())));
    HttpService service = parts.application().http(port);
    for (Layer layer : layers.reversed()) {
      service = layer.wrap(service);
    }
    return service;
  }

  /** What the control plane said about the port; empty when nothing. */
  private Optional<InboundPolicy.Port> told(int port) {
    return policy.ports().stream().filter(candidate -> candidate.port() == port).findFirst();
  }

  private static Layer byCaller(Layer meshed, Layer stranger) {
    return next -> {
      HttpService forMeshed = meshed.wrap(next);
      HttpService forStrangers = stranger.wrap(next);
      return (exchange, reply) ->
          (exchange.caller().meshed() ? forMeshed : forStrangers).handle(exchange, reply);
    };
  }

  /** The deadline of a sidecar is stretched by the grace; the application is told the caller's. */
  private Layer withGrace(Layer deadline) {
    return next -> {
      HttpService stretched = deadline.wrap(tellingTimeLeft(next, DEADLINE_GRACE_MILLIS));
      HttpService asItIs = deadline.wrap(tellingTimeLeft(next, 0));
      return (exchange, reply) -> (stretch(exchange) ? stretched : asItIs).handle(exchange, reply);
    };
  }

  /** False when there is nothing to stretch. */
  private static boolean stretch(Exchange exchange) {
    CharSequence sent = exchange.request().headers().get(MeshHeaders.DEADLINE);
    if (sent == null) {
      return false;
    }
    try {
      long millis = Long.parseLong(sent, 0, sent.length(), 10);
      long stretched = Math.addExact(millis, DEADLINE_GRACE_MILLIS);
      exchange.request().headers().set(MeshHeaders.DEADLINE, Long.toString(stretched));
      return true;
    } catch (NumberFormatException | ArithmeticException e) {
      // Not a deadline that limits anything; the layer behind ignores it, too.
      return false;
    }
  }

  /** So that the application can stop work by itself that nobody waits for any more. */
  private HttpService tellingTimeLeft(HttpService next, long graceMillis) {
    return (exchange, reply) -> {
      if (exchange.deadlineNanos() != Exchange.NO_DEADLINE) {
        long leftNanos = exchange.deadlineNanos() - parts.ticker().nanoTime();
        long leftMillis = TimeUnit.NANOSECONDS.toMillis(leftNanos) - graceMillis;
        exchange
            .request()
            .headers()
            .set(MeshHeaders.DEADLINE, Long.toString(Math.max(1, leftMillis)));
      }
      next.handle(exchange, reply);
    };
  }
}
