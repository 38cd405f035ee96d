package io.refmesh.proxy;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import io.refmesh.proxy.balance.Balancer;
import io.refmesh.proxy.balance.Selector;
import io.refmesh.proxy.endpoint.BackendEndpoints;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.policy.StripMeshHeaders;
import io.refmesh.proxy.resilience.AttemptTimeoutLayer;
import io.refmesh.proxy.resilience.DeadlineLayer;
import io.refmesh.proxy.resilience.RetryBudgets;
import io.refmesh.proxy.resilience.RetryLayer;
import io.refmesh.proxy.resilience.RouteMeters;
import io.refmesh.proxy.resilience.TryLayer;
import io.refmesh.proxy.route.BackendSplit;
import io.refmesh.proxy.route.HeaderLayer;
import io.refmesh.proxy.route.MissingBackend;
import io.refmesh.proxy.route.Redirect;
import io.refmesh.proxy.route.RewriteLayer;
import io.refmesh.proxy.route.RouteTable;
import io.refmesh.proxy.route.Router;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The outbound path of a request, as a list in the order a request sees it. Compiles destinations
 * off the event loops; what it makes serves all of them.
 */
public final class OutboundStack {

  private final Ticker ticker;
  private final RandomGenerator random;
  private final EndpointRegistry registry;
  private final RetryBudgets budgets;
  private final ProxyMetrics metrics;

  /**
   * @param random used from every event loop: a {@link LoopRandom}
   */
  public OutboundStack(
      Ticker ticker, RandomGenerator random, EndpointRegistry registry, ProxyMetrics metrics) {
    this.ticker = ticker;
    this.random = random;
    this.registry = registry;
    this.metrics = metrics;
    budgets = new RetryBudgets(ticker);
  }

  /**
   * @throws IllegalArgumentException when the destination cannot be used as it is; says why
   */
  public DestinationStack compile(Destination destination) {
    RouteTable table = new RouteTable(destination.rules());
    Map<ServicePort, BackendEndpoints> endpoints = new HashMap<>();
    List<HttpService> services = new ArrayList<>();
    try {
      destination.backends().forEach((id, backend) -> endpoints.put(id, registry.lease(backend)));
      for (RouteRule rule : destination.rules()) {
        services.add(service(rule, destination, endpoints));
      }
    } catch (RuntimeException e) {
      endpoints.values().forEach(registry::release);
      throw e;
    }
    HttpService http =
        new StripMeshHeaders().wrap(new Router(table, services, destination.id().toString()));
    return new DestinationStack(
        destination,
        http,
        opaque(destination, endpoints),
        List.copyOf(endpoints.values()),
        registry);
  }

  /** The service is not called any more; its retry budget need not be kept. */
  public void forget(ServicePort destination) {
    budgets.forget(destination);
  }

  private HttpService service(
      RouteRule rule, Destination destination, Map<ServicePort, BackendEndpoints> endpoints) {
    RouteMeters meters = new RouteMeters(metrics, destination.id(), rule.name());
    PathMatch path = rule.match().path();

    List<Layer> layers = new ArrayList<>();
    for (RouteFilter filter : rule.filters()) {
      switch (filter) {
        case RouteFilter.RequestHeaders headers -> layers.add(HeaderLayer.onRequests(headers));
        case RouteFilter.ResponseHeaders headers -> layers.add(HeaderLayer.onResponses(headers));
        case RouteFilter.Rewrite rewrite -> layers.add(new RewriteLayer(rewrite, path));
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
      layers.add(new AttemptTimeoutLayer(rule.timeouts().perTry(), meters));
    }
    return wrap(layers, backends(rule, destination, endpoints));
  }

  private HttpService backends(
      RouteRule rule, Destination destination, Map<ServicePort, BackendEndpoints> endpoints) {
    if (rule.backends().isEmpty()) {
      return new MissingBackend("rule " + rule.name() + " names no backend");
    }
    List<BackendSplit.Share> shares = new ArrayList<>();
    for (WeightedBackend weighted : rule.backends()) {
      if (weighted.weight() > 0) {
        HttpService service =
            weighted.exists()
                ? backend(weighted.backend(), rule, destination, endpoints)
                : missing(weighted.backend(), rule);
        shares.add(new BackendSplit.Share(service, weighted.weight()));
      }
    }
    if (shares.isEmpty()) {
      // All weigh 0: the service itself answers, as Linkerd does.
      return backend(destination.id(), rule, destination, endpoints);
    }
    return shares.size() == 1 ? shares.getFirst().service() : new BackendSplit(shares, random);
  }

  private HttpService backend(
      ServicePort id,
      RouteRule rule,
      Destination destination,
      Map<ServicePort, BackendEndpoints> endpoints) {
    Backend backend = destination.backends().get(id);
    BackendEndpoints known = endpoints.get(id);
    return backend == null || known == null
        ? missing(id, rule)
        : new Balancer(known, backend.settings(), ticker, random, metrics);
  }

  private Optional<Selector> opaque(
      Destination destination, Map<ServicePort, BackendEndpoints> endpoints) {
    Backend backend = destination.backends().get(destination.id());
    BackendEndpoints known = endpoints.get(destination.id());
    return backend == null || known == null
        ? Optional.empty()
        : Optional.of(new Selector(known, backend.settings().balancer(), random));
  }

  private static HttpService missing(ServicePort id, RouteRule rule) {
    return new MissingBackend("rule " + rule.name() + " names " + id + ", which does not exist");
  }

  /** The first layer of the list sees a request first. */
  private static HttpService wrap(List<Layer> layers, HttpService innermost) {
    HttpService service = innermost;
    for (Layer layer : layers.reversed()) {
      service = layer.wrap(service);
    }
    return service;
  }
}
