package io.refmesh.model.wire;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.OutboundListener;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.Egress;
import io.refmesh.model.policy.Faults;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.RateLimit;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.ConnectionRule;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/** Random records of everything that goes over the wire. */
final class Records {

  private static final String[] TEXTS = {
    "", "a", "cart", "x-tenant", "/items/*", "ü \" \\ \n", "v[12]"
  };

  private final RandomGenerator random;

  Records(RandomGenerator random) {
    this.random = random;
  }

  Destination destination() {
    Map<ServicePort, Backend> backends = new HashMap<>();
    listOf(this::backend).forEach(backend -> backends.put(backend.id(), backend));
    return new Destination(
        servicePort(),
        one(AppProtocol.values()),
        listOf(this::rule),
        backends,
        listOf(this::connectionRule));
  }

  WorkloadConfig workload() {
    return new WorkloadConfig(
        new InboundPolicy(
            one(InboundPolicy.Default.values()),
            "cluster.local",
            listOf(this::port),
            listOf(() -> new InboundPolicy.Probe(random.nextInt(1, 65_536), text()))),
        listOf(() -> new OutboundListener(hostPort(), servicePort(), one(AppProtocol.values()))),
        maybe(this::egress));
  }

  private Egress egress() {
    return new Egress(
        text(),
        random.nextBoolean(),
        listOf(() ->
            new Egress.Entry(
                text(),
                listOf(this::text),
                listOf(() -> random.nextInt(1, 65_536)),
                listOf(() -> new Authorization.Network("10.0.0.0/8", listOf(this::text))))));
  }

  private Backend backend() {
    return new Backend(
        servicePort(), one(AppProtocol.values()), listOf(this::endpoint), settings());
  }

  private EndpointSpec endpoint() {
    return new EndpointSpec(
        hostPort(),
        hostPort(),
        maybe(this::identity),
        text(),
        random.nextInt(5),
        random.nextBoolean(),
        "shop/cart",
        random.nextInt(9));
  }

  private BackendSettings settings() {
    return new BackendSettings(
        new BackendSettings.Balancer(
            one(BackendSettings.Algorithm.values()), hash(), duration(), random.nextBoolean()),
        new BackendSettings.Ejection(
            random.nextInt(9),
            random.nextInt(101),
            duration(),
            random.nextInt(9),
            duration(),
            duration(),
            random.nextInt(101),
            random.nextInt(101)),
        new BackendSettings.Limits(
            random.nextInt(2000), random.nextBoolean(), random.nextInt(2000), random.nextInt(2000)),
        duration());
  }

  private BackendSettings.Hash hash() {
    return switch (random.nextInt(3)) {
      case 0 -> new BackendSettings.Hash.Header("x-user");
      case 1 -> new BackendSettings.Hash.Cookie("session");
      default -> new BackendSettings.Hash.Source();
    };
  }

  private ConnectionRule connectionRule() {
    boolean tls = random.nextBoolean();
    return new ConnectionRule(
        text(), tls, tls ? listOf(this::text) : List.of(), listOf(this::weighted));
  }

  private WeightedBackend weighted() {
    return new WeightedBackend(
        servicePort(), random.nextInt(100), random.nextBoolean(), listOf(this::filter));
  }

  private RouteRule rule() {
    return new RouteRule(
        text(),
        listOf(this::text),
        match(),
        listOf(this::filter),
        listOf(this::weighted),
        new Timeouts(duration(), duration(), duration()),
        maybe(this::retry),
        maybe(this::faults));
  }

  private Faults faults() {
    return new Faults(
        text(),
        random.nextInt(1, 999),
        Instant.ofEpochMilli(random.nextLong(2_000_000_000_000L)),
        duration(),
        listOf(() ->
            new Faults.Fault(
                random.nextInt(101),
                listOf(() -> new Faults.Header(text(), text())),
                maybe(() -> new Faults.Delay(duration(), duration())),
                maybe(this::effect))));
  }

  private Faults.Effect effect() {
    return switch (random.nextInt(4)) {
      case 0 -> new Faults.Effect.AbortHttp(random.nextInt(200, 600));
      case 1 -> new Faults.Effect.AbortGrpc(random.nextInt(1, 17));
      case 2 -> new Faults.Effect.Reset();
      default -> new Faults.Effect.Truncate(random.nextInt(9999));
    };
  }

  private HttpMatch match() {
    HttpMatch.PathMatch path =
        switch (random.nextInt(3)) {
          case 0 -> new HttpMatch.PathMatch.Exact(text());
          case 1 -> new HttpMatch.PathMatch.Prefix(text());
          default -> new HttpMatch.PathMatch.Regex(text());
        };
    return new HttpMatch(
        path,
        text(),
        listOf(() -> new HttpMatch.HeaderMatch(text(), text(), random.nextBoolean())),
        listOf(() -> new HttpMatch.QueryMatch(text(), text(), random.nextBoolean())));
  }

  private RouteFilter filter() {
    return switch (random.nextInt(5)) {
      case 0 -> new RouteFilter.RequestHeaders(texts(), texts(), listOf(this::text));
      case 1 -> new RouteFilter.ResponseHeaders(texts(), texts(), listOf(this::text));
      case 2 ->
          new RouteFilter.Redirect(
              maybe(this::text),
              maybe(this::text),
              maybe(() -> random.nextInt(65_536)),
              maybe(this::pathChange),
              302);
      case 3 ->
          new RouteFilter.Mirror(servicePort(), random.nextBoolean(), random.nextInt(101), 100);
      default -> new RouteFilter.Rewrite(maybe(this::text), maybe(this::pathChange));
    };
  }

  private RouteFilter.PathChange pathChange() {
    return new RouteFilter.PathChange(random.nextBoolean(), text());
  }

  private RetrySettings retry() {
    return new RetrySettings(
        random.nextInt(5),
        listOf(this::condition),
        random.nextBoolean(),
        duration(),
        duration(),
        random.nextInt(100_000),
        new RetrySettings.Budget(random.nextInt(101), random.nextInt(100), duration()));
  }

  RetryCondition condition() {
    return switch (random.nextInt(6)) {
      case 0 -> {
        int from = random.nextInt(400, 600);
        yield new RetryCondition.Status(from, random.nextInt(from, 600));
      }
      case 1 -> new RetryCondition.ConnectFailure();
      case 2 -> new RetryCondition.Reset();
      case 3 -> new RetryCondition.RefusedStream();
      case 4 -> new RetryCondition.PerTryTimeout();
      default -> new RetryCondition.GrpcStatus(random.nextInt(1, 17));
    };
  }

  private InboundPolicy.Port port() {
    return new InboundPolicy.Port(
        random.nextInt(1, 65_536),
        one(AppProtocol.values()),
        text(),
        listOf(this::authorization),
        maybe(this::rateLimit),
        maybe(this::faults));
  }

  private RateLimit rateLimit() {
    return new RateLimit(
        maybe(this::rate),
        maybe(this::rate),
        listOf(() -> new RateLimit.IdentityRate(identity().uri(), rate())));
  }

  private RateLimit.Rate rate() {
    return new RateLimit.Rate(text(), random.nextInt(1, 9999), random.nextInt(1, 9999));
  }

  private Authorization authorization() {
    return new Authorization(
        text(),
        one(Authorization.Action.values()),
        listOf(() -> new Authorization.Rule(listOf(this::source), listOf(this::target))));
  }

  private Authorization.Source source() {
    return new Authorization.Source(
        listOf(this::text),
        listOf(() -> new Authorization.Network("10.0.0.0/8", listOf(this::text))));
  }

  private Authorization.Target target() {
    return new Authorization.Target(
        listOf(() -> random.nextInt(1, 65_536)),
        listOf(this::text),
        listOf(this::text),
        listOf(() -> new Authorization.Header(text(), text())));
  }

  private SpiffeId identity() {
    return new SpiffeId("cluster.local", "shop", "sa" + random.nextInt(9));
  }

  private ServicePort servicePort() {
    return new ServicePort("shop", "s" + random.nextInt(99), random.nextInt(1, 65_536));
  }

  HostPort hostPort() {
    return new HostPort(
        random.nextBoolean() ? "127.1.0." + random.nextInt(256) : "::" + random.nextInt(9),
        random.nextInt(65_536));
  }

  private Duration duration() {
    return Duration.ofMillis(random.nextLong(100_000));
  }

  private Map<String, String> texts() {
    Map<String, String> map = new HashMap<>();
    listOf(this::text).forEach(key -> map.put(key, text()));
    return map;
  }

  private String text() {
    return one(TEXTS);
  }

  private <T> T one(T[] values) {
    return values[random.nextInt(values.length)];
  }

  private <T> Optional<T> maybe(Supplier<T> make) {
    return random.nextBoolean() ? Optional.of(make.get()) : Optional.empty();
  }

  private <T> List<T> listOf(Supplier<T> make) {
    return Stream.generate(make).limit(random.nextInt(4)).toList();
  }
}
