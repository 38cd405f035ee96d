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
import io.refmesh.proxy.resilience.ConcurrencyLayer;
import io.refmesh.proxy.resilience.ConcurrencyLimit;
import io.refmesh.proxy.resilience.ConcurrencyLimits;
import io.refmesh.proxy.route.BackendHeadLayer;
import io.refmesh.proxy.route.BackendSplit;
import io.refmesh.proxy.route.HeaderLayer;
import io.refmesh.proxy.route.MissingBackend;
import io.refmesh.proxy.route.Redirect;
import io.refmesh.proxy.route.RewriteLayer;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The lower half of a destination's outbound path: what a try is handed to, from the split of a
 * rule over filters and limits of one backend down to its balancer. Holds what the destination
 * leases of endpoints and limits.
 */
final class OutboundBackends implements AutoCloseable {

  /** Chooses endpoints of a backend for connections that are not HTTP. */
  record Connections(Backend backend, BackendEndpoints endpoints, Selector selector) {}

  private final Destination destination;
  private final EndpointRegistry registry;
  private final ConcurrencyLimits limits;
  private final Ticker ticker;
  private final RandomGenerator random;
  private final ProxyMetrics metrics;
  private final Map<ServicePort, BackendEndpoints> endpoints = new HashMap<>();
  private final Map<ServicePort, ConcurrencyLimit> limited = new HashMap<>();

  OutboundBackends(
      Destination destination,
      EndpointRegistry registry,
      ConcurrencyLimits limits,
      Ticker ticker,
      RandomGenerator random,
      ProxyMetrics metrics) {
    this.destination = destination;
    this.registry = registry;
    this.limits = limits;
    this.ticker = ticker;
    this.random = random;
    this.metrics = metrics;
    destination
        .backends()
        .forEach((id, backend) -> {
          endpoints.put(id, registry.lease(backend));
          limits.lease(id, backend.settings().limits()).ifPresent(limit -> limited.put(id, limit));
        });
  }

  /** What the tries of a rule are handed to. */
  HttpService of(RouteRule rule) {
    if (rule.backends().isEmpty()) {
      return new MissingBackend("rule " + rule.name() + " names no backend");
    }
    List<BackendSplit.Share> shares = new ArrayList<>();
    for (WeightedBackend weighted : rule.backends()) {
      if (weighted.weight() > 0) {
        HttpService service =
            weighted.exists()
                ? filtered(weighted, rule, of(weighted.backend(), rule))
                : missing(weighted.backend(), rule);
        shares.add(new BackendSplit.Share(service, weighted.weight()));
      }
    }
    if (shares.isEmpty()) {
      // All weigh 0: the service itself answers, as Linkerd does.
      return of(destination.id(), rule);
    }
    return shares.size() == 1 ? shares.getFirst().service() : new BackendSplit(shares, random);
  }

  /** What the tries of a rule at one backend are handed to. */
  HttpService of(ServicePort id, RouteRule rule) {
    Backend backend = destination.backends().get(id);
    BackendEndpoints known = endpoints.get(id);
    if (backend == null || known == null) {
      return missing(id, rule);
    }
    HttpService balancer = new Balancer(known, backend.settings(), ticker, random, metrics);
    ConcurrencyLimit limit = limited.get(id);
    return limit == null
        ? balancer
        : new ConcurrencyLayer(id, limit, ticker, metrics).wrap(balancer);
  }

  Optional<Connections> connections(ServicePort id) {
    Backend backend = destination.backends().get(id);
    BackendEndpoints known = endpoints.get(id);
    return backend == null || known == null
        ? Optional.empty()
        : Optional.of(
            new Connections(
                backend, known, new Selector(known, backend.settings().balancer(), random)));
  }

  /** Gives back what is leased; exchanges under way still find what other stacks lease. */
  @Override
  public void close() {
    endpoints.values().forEach(registry::release);
    limited.keySet().forEach(limits::release);
  }

  private static HttpService filtered(WeightedBackend backend, RouteRule rule, HttpService next) {
    PathMatch path = rule.match().path();
    List<Layer> layers = new ArrayList<>();
    for (RouteFilter filter : backend.filters()) {
      switch (filter) {
        case RouteFilter.RequestHeaders headers -> layers.add(HeaderLayer.onRequests(headers));
        case RouteFilter.ResponseHeaders headers -> layers.add(HeaderLayer.onResponses(headers));
        case RouteFilter.Rewrite rewrite -> layers.add(new RewriteLayer(rewrite, path));
        case RouteFilter.Redirect redirect -> {
          return OutboundStack.wrap(layers, new Redirect(redirect, path));
        }
        case RouteFilter.Mirror mirror ->
            throw new IllegalArgumentException(
                "rule " + rule.name() + ": a mirror of one backend (expected: on the rule)");
      }
    }
    if (layers.isEmpty()) {
      return next;
    }
    layers.addFirst(new BackendHeadLayer());
    return OutboundStack.wrap(layers, next);
  }

  private static HttpService missing(ServicePort id, RouteRule rule) {
    return new MissingBackend("rule " + rule.name() + " names " + id + ", which does not exist");
  }
}
