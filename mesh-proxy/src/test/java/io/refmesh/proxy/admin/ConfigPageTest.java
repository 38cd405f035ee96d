package io.refmesh.proxy.admin;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
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
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import io.refmesh.proxy.control.DestinationState;
import io.refmesh.proxy.endpoint.EndpointHealth;
import io.refmesh.proxy.endpoint.EndpointRegistry.EndpointSnapshot;
import io.refmesh.proxy.resilience.ConcurrencyLimit;
import io.refmesh.proxy.tls.WorkloadCertificate;
import io.refmesh.testkit.Golden;
import io.refmesh.testkit.TestCa;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConfigPageTest {

  private static final SpiffeId WEB = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/web");
  private static final SpiffeId CART = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart");
  private static final ServicePort SERVICE = new ServicePort("shop", "cart", 8080);
  private static final Path FOLDER = Path.of("src/test/resources/golden/config");

  @Test
  void showsAllThatAProxyKnows() {
    Golden.assertMatches(FOLDER.resolve("whole.json"), withoutSerials(ConfigPage.write(sample())));
  }

  @Test
  void showsWhatAProxyWaitsForBeforeItHasAnything() {
    ConfigDump dump =
        new ConfigDump(
            new ConfigDump.Workload("shop", "web", 0, ""),
            WEB,
            Optional.empty(),
            false,
            List.of("certificate: none yet", "configuration: none yet"),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            Map.of(),
            List.of(),
            Map.of());

    Golden.assertMatches(FOLDER.resolve("waiting.json"), ConfigPage.write(dump));
  }

  static ConfigDump sample() {
    EndpointSpec healthy = endpoint("127.1.4.1", Optional.empty(), 0);
    EndpointSpec detoured = endpoint("127.1.4.2", Optional.of(new HostPort("127.0.0.1", 8666)), 1);
    return new ConfigDump(
        new ConfigDump.Workload("shop", "web", 2, "a"),
        WEB,
        Optional.of(certificate()),
        true,
        List.of(),
        List.of(
            new ConfigDump.Listener(
                "inbound", new HostPort("127.1.3.1", 8080), "127.1.3.2:8080", "http", ""),
            new ConfigDump.Listener(
                "outbound",
                new HostPort("127.1.9.1", 8080),
                "cart.shop:8080",
                "http",
                "address already in use")),
        Optional.of(inbound()),
        Optional.of(
            new Egress(
                "shop/outside",
                false,
                List.of(
                    new Egress.Entry(
                        "shop/outside[0]",
                        List.of("api.example.com"),
                        List.of(443),
                        List.of(new Authorization.Network("192.0.2.0/24", List.of())))))),
        Map.of(
            SERVICE,
            new DestinationState.Known(7, destination(healthy, detoured)),
            new ServicePort("shop", "gone", 80),
            new DestinationState.NotFound(3, "no service gone in namespace shop")),
        List.of(
            learned(
                healthy,
                new EndpointHealth.Snapshot(
                    EndpointHealth.State.ADMITTING, "", Optional.empty(), 0, 100, 12)),
            learned(
                detoured,
                new EndpointHealth.Snapshot(
                    EndpointHealth.State.EJECTED,
                    "7 consecutive failures",
                    Optional.of(Duration.ofMillis(1250)),
                    7,
                    0,
                    7))),
        Map.of(SERVICE, new ConcurrencyLimit.Snapshot(3, 40, true, 12_345_000)));
  }

  private static WorkloadCertificate certificate() {
    TestCa ca = new TestCa("root");
    TestCa.Leaf leaf =
        ca.leaf(
            WEB.uri(),
            Instant.parse("2030-01-01T00:00:00Z"),
            Instant.parse("2030-01-02T00:00:00Z"));
    return WorkloadCertificate.of(leaf.key(), leaf.chain(), List.of(ca.root()));
  }

  private static InboundPolicy inbound() {
    return new InboundPolicy(
        InboundPolicy.Default.ALL_AUTHENTICATED,
        "cluster.local",
        List.of(
            new InboundPolicy.Port(
                8080,
                AppProtocol.HTTP,
                "shop/web",
                List.of(
                    new Authorization(
                        "shop/web-callers",
                        Authorization.Action.ALLOW,
                        List.of(
                            new Authorization.Rule(
                                List.of(
                                    new Authorization.Source(
                                        List.of("spiffe://cluster.local/ns/ops/*"),
                                        List.of(
                                            new Authorization.Network(
                                                "10.0.0.0/8", List.of("10.1.0.0/16"))))),
                                List.of(
                                    new Authorization.Target(
                                        List.of(8080),
                                        List.of("GET"),
                                        List.of("/items/*"),
                                        List.of(new Authorization.Header("x-tenant", "a")))))))),
                Optional.of(
                    new RateLimit(
                        Optional.of(new RateLimit.Rate("shop/web", 500, 50)),
                        Optional.of(new RateLimit.Rate("refmesh-system/mesh", 70, 7)),
                        List.of(
                            new RateLimit.IdentityRate(
                                "spiffe://cluster.local/ns/shop/sa/batch",
                                new RateLimit.Rate("shop/web", 5, 2))))),
                Optional.of(
                    new Faults(
                        "shop/slow",
                        100,
                        Instant.parse("2030-01-01T00:05:00Z"),
                        Duration.ofMinutes(5),
                        List.of(
                            new Faults.Fault(
                                20,
                                List.of(new Faults.Header("x-test", "1")),
                                Optional.of(
                                    new Faults.Delay(
                                        Duration.ofMillis(300), Duration.ofMillis(100))),
                                Optional.empty()),
                            new Faults.Fault(
                                5,
                                List.of(),
                                Optional.empty(),
                                Optional.of(new Faults.Effect.AbortHttp(503)))))))));
  }

  private static Destination destination(EndpointSpec... endpoints) {
    RouteRule rule =
        new RouteRule(
            "shop/cart/0",
            List.of("cart.shop"),
            new HttpMatch(
                new HttpMatch.PathMatch.Prefix("/items"),
                "GET",
                List.of(new HttpMatch.HeaderMatch("x-version", "v[12]", true)),
                List.of(new HttpMatch.QueryMatch("q", "1", false))),
            List.of(
                new RouteFilter.RequestHeaders(Map.of("x-a", "1"), Map.of(), List.of("x-b")),
                new RouteFilter.Rewrite(
                    Optional.of("inner"),
                    Optional.of(new RouteFilter.PathChange(false, "/things")))),
            List.of(
                new WeightedBackend(SERVICE, 90, true),
                new WeightedBackend(new ServicePort("shop", "cart-v2", 8080), 10, false)),
            new Timeouts(Duration.ofSeconds(2), Duration.ofMillis(500), Duration.ofSeconds(60)),
            Optional.of(
                new RetrySettings(
                    2,
                    List.of(RetryCondition.parse("5xx"), RetryCondition.parse("grpc:unavailable")),
                    false,
                    RetrySettings.BACKOFF_BASE,
                    RetrySettings.BACKOFF_MAX,
                    RetrySettings.BODY_LIMIT_BYTES,
                    RetrySettings.Budget.DEFAULT)));
    return new Destination(
        SERVICE,
        AppProtocol.HTTP,
        List.of(rule),
        Map.of(
            SERVICE,
            new Backend(SERVICE, AppProtocol.HTTP, List.of(endpoints), BackendSettings.DEFAULT)));
  }

  private static EndpointSpec endpoint(String host, Optional<HostPort> dial, int replica) {
    HostPort address = new HostPort(host, 8080);
    return new EndpointSpec(
        address, dial.orElse(address), Optional.of(CART), "b", 1, true, "shop/cart", replica);
  }

  private static EndpointSnapshot learned(EndpointSpec spec, EndpointHealth.Snapshot health) {
    return new EndpointSnapshot(
        SERVICE,
        spec.address(),
        CART.uri(),
        spec.zone(),
        spec.weight(),
        true,
        1,
        Duration.ofMillis(30),
        health);
  }

  /** Serial numbers differ from run to run. */
  private static String withoutSerials(String page) {
    return page.replaceAll("\"serial\": \"[0-9a-f]+\"", "\"serial\": \"...\"")
        .replaceAll("(?s)\"trustRoots\": \\[\\s*\"[0-9a-f]+\"", "\"trustRoots\": [\n      \"...\"");
  }
}
