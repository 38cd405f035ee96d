package io.refmesh.proxy;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteRule;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.policy.StripMeshHeaders;
import io.refmesh.proxy.resilience.AttemptTimeoutLayer;
import io.refmesh.proxy.resilience.ConcurrencyLimit;
import io.refmesh.proxy.resilience.ConcurrencyLimits;
import io.refmesh.proxy.resilience.DeadlineLayer;
import io.refmesh.proxy.resilience.FaultLayer;
import io.refmesh.proxy.resilience.FaultSlots;
import io.refmesh.proxy.resilience.RetryBudgets;
import io.refmesh.proxy.resilience.RetryLayer;
import io.refmesh.proxy.resilience.RouteMeters;
import io.refmesh.proxy.resilience.TryLayer;
import io.refmesh.proxy.route.HeaderLayer;
import io.refmesh.proxy.route.MirrorLayer;
import io.refmesh.proxy.route.MirrorMeters;
import io.refmesh.proxy.route.Redirect;
import io.refmesh.proxy.route.RewriteLayer;
import io.refmesh.proxy.route.RouteTable;
import io.refmesh.proxy.route.Router;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * The outbound path of a request, as a list in the order a request sees it. Compiles destinations
 * off the event loops; what it makes serves all of them.
 */
public final class OutboundStack {

  /** For copies of requests that have no time limit. */
  private static final Duration MIRROR_WITHIN = Duration.ofSeconds(15);

  private final Ticker ticker;
  private final RandomGenerator random;
  private final EndpointRegistry registry;
  private final ConcurrencyLimits limits;
  private final RetryBudgets budgets;
  private final FaultSlots faults;
  private final ProxyMetrics metrics;

  /**
   * @param random used from every event loop: a {@link LoopRandom}
   */
  public OutboundStack(
      Ticker ticker,
      RandomGenerator random,
      EndpointRegistry registry,
      FaultSlots faults,
      ProxyMetrics metrics) {
    this.ticker = ticker;
    this.random = random;
    this.registry = registry;
    this.faults = faults;
    this.metrics = metrics;
    budgets = new RetryBudgets(ticker);
    limits = new ConcurrencyLimits(ticker, metrics);
  }

  /**
   * @throws IllegalArgumentException when the destination cannot be used as it is; says why
   */
  public DestinationStack compile(Destination destination) {
    RouteTable table = new RouteTable(destination.rules());
    List<HttpService> services = new ArrayList<>();
    OutboundBackends backends =
        new OutboundBackends(destination, registry, limits, ticker, random, metrics);
    try {
      for (RouteRule rule : destination.rules()) {
        services.add(service(rule, destination, backends));
      }
    } catch (RuntimeException e) {
      backends.close();
      throw e;
    }
    HttpService http =
        new StripMeshHeaders().wrap(new Router(table, services, destination.id().toString()));
    return new DestinationStack(
        destination, http, new ConnectionRoutes(destination, backends, random), backends);
  }

  /** The service is not called any more; its retry budget need not be kept. */
  public void forget(ServicePort destination) {
    budgets.forget(destination);
  }

  /** The limits on concurrency as they are now. */
  Map<ServicePort, ConcurrencyLimit.Snapshot> limits() {
    return limits.snapshot();
  }

  private HttpService service(RouteRule rule, Destination destination, OutboundBackends backends) {
    RouteMeters meters = new RouteMeters(metrics, destination.id(), rule.name());
    PathMatch path = rule.match().path();

    List<Layer> layers = new ArrayList<>();
    for (RouteFilter filter : rule.filters()) {
      switch (filter) {
        case RouteFilter.RequestHeaders headers -> layers.add(HeaderLayer.onRequests(headers));
        case RouteFilter.ResponseHeaders headers -> layers.add(HeaderLayer.onResponses(headers));
        case RouteFilter.Rewrite rewrite -> layers.add(new RewriteLayer(rewrite, path));
        case RouteFilter.Mirror mirror -> {
          if (mirror.exists()) {
            layers.add(mirror(mirror, rule, destination, backends));
          }
        }
        case RouteFilter.Redirect redirect -> {
          return wrap(layers, new Redirect(redirect, path));
        }
      }
    }
    layers.add(new DeadlineLayer(rule.timeouts(), ticker, meters));
    rule.retry()
        .filter(retry -> retry.attempts() > 0)
        .ifPresent(retry ->
            layers.add(
                new RetryLayer(
                    retry, budgets.of(destination.id(), retry.budget()), ticker, random, meters)));
    layers.add(new TryLayer(ticker, meters));
    if (rule.timeouts().perTry().isPositive()) {
      layers.add(new AttemptTimeoutLayer(rule.timeouts().perTry(), rule.retry(), meters));
    }
    rule.faults()
        .ifPresent(injected ->
            layers.add(new FaultLayer(injected, FaultLayer.Side.CLIENT, faults, random, metrics)));
    return wrap(layers, backends.of(rule));
  }

  /** The stack of the copies: a time limit, and one try. */
  private Layer mirror(
      RouteFilter.Mirror mirror,
      RouteRule rule,
      Destination destination,
      OutboundBackends backends) {
    String name = rule.name() + "/mirror";
    RouteMeters meters = new RouteMeters(metrics, destination.id(), name);
    Duration within =
        rule.timeouts().request().isPositive() ? rule.timeouts().request() : MIRROR_WITHIN;
    Timeouts timeouts = new Timeouts(within, Duration.ZERO, rule.timeouts().idle());
    HttpService to =
        wrap(
            List.of(new DeadlineLayer(timeouts, ticker, meters), new TryLayer(ticker, meters)),
            backends.of(mirror.backend(), rule));
    return new MirrorLayer(
        to,
        mirror.numerator(),
        mirror.denominator(),
        random,
        new MirrorMeters(metrics, mirror.backend(), rule.name()),
        name);
  }

  /** The first layer of the list sees a request first. */
  static HttpService wrap(List<Layer> layers, HttpService innermost) {
    HttpService service = innermost;
    for (Layer layer : layers.reversed()) {
      service = layer.wrap(service);
    }
    return service;
  }
}
