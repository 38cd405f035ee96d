package io.refmesh.proxy.scripted;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Destinations, backends and endpoints with everything defaulted that a test is not about. */
public final class Destinations {

  public static final ServicePort CART = new ServicePort("shop", "cart", 8080);

  private Destinations() {}

  public static EndpointSpec endpoint(int replica) {
    return endpoint(replica, "", 1, true);
  }

  public static EndpointSpec endpoint(int replica, String zone, int weight, boolean ready) {
    HostPort address = new HostPort("10.0.0." + (replica + 1), 8080);
    return new EndpointSpec(
        address, address, Optional.empty(), zone, weight, ready, "shop/cart", replica);
  }

  public static List<EndpointSpec> endpoints(int count) {
    return IntStream.range(0, count).mapToObj(Destinations::endpoint).toList();
  }

  public static Backend backend(List<EndpointSpec> endpoints) {
    return backend(endpoints, BackendSettings.DEFAULT);
  }

  public static Backend backend(List<EndpointSpec> endpoints, BackendSettings settings) {
    return new Backend(CART, AppProtocol.HTTP, endpoints, settings);
  }

  public static BackendSettings balancer(BackendSettings.Balancer balancer) {
    return new BackendSettings(
        balancer,
        BackendSettings.Ejection.DEFAULT,
        BackendSettings.Limits.DEFAULT,
        Duration.ofSeconds(1));
  }

  public static BackendSettings ejection(BackendSettings.Ejection ejection) {
    return new BackendSettings(
        BackendSettings.Balancer.DEFAULT,
        ejection,
        BackendSettings.Limits.DEFAULT,
        Duration.ofSeconds(1));
  }

  public static RetrySettings retry(int attempts, String... on) {
    return new RetrySettings(
        attempts,
        Arrays.stream(on).map(RetryCondition::parse).toList(),
        false,
        RetrySettings.BACKOFF_BASE,
        RetrySettings.BACKOFF_MAX,
        RetrySettings.BODY_LIMIT_BYTES,
        RetrySettings.Budget.DEFAULT);
  }

  public static RetrySettings nonIdempotent(RetrySettings retry) {
    return new RetrySettings(
        retry.attempts(),
        retry.on(),
        true,
        retry.backoffBase(),
        retry.backoffMax(),
        retry.bodyLimitBytes(),
        retry.budget());
  }

  public static Timeouts timeouts(long requestMillis, long tryMillis, long idleMillis) {
    return new Timeouts(
        Duration.ofMillis(requestMillis),
        Duration.ofMillis(tryMillis),
        Duration.ofMillis(idleMillis));
  }

  public static RouteRule rule(String name, HttpMatch match) {
    return new RouteRule(
        name,
        List.of(),
        match,
        List.of(),
        List.of(new WeightedBackend(CART, 1, true)),
        Timeouts.NONE,
        Optional.empty());
  }

  /** A service without routes. */
  public static Destination service(
      Backend backend, Timeouts timeouts, Optional<RetrySettings> retry) {
    RouteRule rule =
        new RouteRule(
            "default",
            List.of(),
            HttpMatch.ANY,
            List.of(),
            List.of(new WeightedBackend(backend.id(), 1, true)),
            timeouts,
            retry);
    return new Destination(
        backend.id(), AppProtocol.HTTP, List.of(rule), Map.of(backend.id(), backend));
  }
}
