package io.refmesh.control.build;

import static io.refmesh.control.build.States.CART;
import static io.refmesh.control.build.States.SERVICES;
import static io.refmesh.control.build.States.build;
import static io.refmesh.control.build.States.destination;
import static io.refmesh.control.build.States.instance;
import static io.refmesh.control.build.States.require;
import static io.refmesh.control.build.States.resources;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Resource;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.OutboundListener;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import io.refmesh.testkit.Seed;
import io.refmesh.testkit.Seeds;
import io.refmesh.testkit.acceptance.Acceptance;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SnapshotBuilderTest {

  private static final String ROUTE =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: {name: %s, namespace: %s}
      spec:
        parentRefs: [{kind: Service, name: cart, namespace: shop}]
        rules:
        - backendRefs: [{name: %s, namespace: shop, port: 80, weight: 3}, {name: catalog, namespace: shop, port: 80}]
      ---
      """;

  @Test
  void givesAServiceWithoutRoutesOneRuleToItself() {
    RouteRule rule = destination(build(SERVICES), CART).rules().getFirst();

    assertThat(rule.name()).isEqualTo("default");
    assertThat(rule.backends()).containsExactly(new WeightedBackend(CART, 1, true));
    assertThat(rule.retry()).isEmpty();
  }

  @Test
  void namesTheEndpointsThatLabelsSelectWithTheirStateAndIdentity() {
    List<EndpointSpec> endpoints =
        endpoints(
            build(
                SERVICES,
                instance("cart", 1),
                instance("cart", 0),
                instance("shop", "cart", 2, false, false, Map.of()),
                instance("shop", "cart", 3, true, true, Map.of()),
                instance("ops", "cart", 0, true, false, Map.of()),
                instance("catalog", 0)));

    assertThat(endpoints).extracting(EndpointSpec::replica).containsExactly(0, 1, 2, 3);
    assertThat(endpoints).extracting(EndpointSpec::ready).containsExactly(true, true, false, false);
    assertThat(endpoints.getFirst().address()).isEqualTo(new HostPort("127.1.6.1", 8080));
    assertThat(endpoints.getFirst().dial()).isEqualTo(endpoints.getFirst().address());
    assertThat(endpoints.getFirst().identity())
        .contains(new SpiffeId("cluster.local", "shop", "cart"));
    assertThat(endpoints.getFirst().workload()).isEqualTo("shop/cart");
  }

  @Test
  void callsAWorkloadWithoutSidecarAtTheApplicationItself() {
    EndpointSpec endpoint =
        endpoints(
                build(
                    SERVICES,
                    instance(
                        "shop", "cart", 0, true, false, Map.of("refmesh.io/inject", "disabled"))))
            .getFirst();

    assertThat(endpoint.identity()).isEmpty();
    assertThat(endpoint.address()).isEqualTo(new HostPort("127.1.6.2", 8080));
  }

  @Test
  void dialsElsewhereWhileADetourHolds() {
    List<Resource> resources =
        resources(
            SERVICES
                + """
                kind: Detour
                metadata: {name: cart, namespace: shop}
                spec: {targetRefs: [{kind: Service, name: cart}], endpoints: [1], via: "127.0.0.1:8666", expiresAfter: 2m}
                """);
    List<Instance> instances = List.of(instance("cart", 0), instance("cart", 1));

    List<EndpointSpec> active = endpoints(build(resources, instances, detour -> true));
    assertThat(active)
        .extracting(e -> e.dial().toString())
        .containsExactly("127.1.6.1:8080", "127.0.0.1:8666");
    assertThat(active.getLast().address()).isEqualTo(new HostPort("127.1.6.3", 8080));
    assertThat(active.getLast().identity()).isPresent();

    List<EndpointSpec> expired = endpoints(build(resources, instances, detour -> false));
    assertThat(expired)
        .extracting(e -> e.dial().toString())
        .containsExactly("127.1.6.1:8080", "127.1.6.3:8080");
  }

  @Test
  void answersTheShareOfAMissingBackendAndSaysSo() {
    Snapshots snapshots = build(SERVICES + ROUTE.formatted("split", "shop", "basket"));

    RouteRule rule = destination(snapshots, CART).rules().getFirst();
    assertThat(rule.name()).isEqualTo("shop/split/0");
    assertThat(rule.backends())
        .containsExactly(
            new WeightedBackend(new ServicePort("shop", "basket", 80), 3, false),
            new WeightedBackend(new ServicePort("shop", "catalog", 80), 1, true));
    assertThat(destination(snapshots, CART).backends())
        .containsOnlyKeys(CART, new ServicePort("shop", "catalog", 80));
    assertThat(snapshots.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.object()).isEqualTo("HTTPRoute shop/split");
          assertThat(problem.field()).isEqualTo("spec.rules[0].backendRefs[0].name");
          assertThat(problem.message()).contains("there is no Service shop/basket", "answered 500");
        });
  }

  @Test
  void saysWhichPortABackendDoesNotHave() {
    Snapshots snapshots =
        build(
            SERVICES
                + ROUTE
                    .formatted("split", "shop", "cart")
                    .replace("port: 80, weight", "port: 81, weight"));

    assertThat(snapshots.problems())
        .extracting(Problem::message)
        .singleElement()
        .asString()
        .contains("has no port 81 (expected: one of [80]");
  }

  @Test
  @Acceptance(136)
  void givesAConsumersRouteOnlyToCallersOfItsNamespace() {
    Snapshots snapshots = build(SERVICES + ROUTE.formatted("mine", "ops", "cart"));

    assertThat(require(snapshots.destination("ops", CART)).rules().getFirst().name())
        .isEqualTo("ops/mine/0");
    assertThat(require(snapshots.destination("shop", CART)).rules().getFirst().name())
        .isEqualTo("default");
    assertThat(snapshots.problems()).isEmpty();
  }

  @Test
  void listensForEachPortOfEachServiceThatHasAnAddress() {
    Snapshots snapshots = build(SERVICES, instance("web", 0));

    assertThat(workload(snapshots, "web").config().outbound())
        .containsExactly(
            new OutboundListener(new HostPort("127.1.9.1", 80), CART, AppProtocol.DETECT));
  }

  @Test
  void tellsASidecarWhatTheKubeletAsksForAndNothingThatCannotBeRead() {
    Snapshots snapshots =
        build(
            SERVICES,
            instance(
                "shop",
                "cart",
                0,
                true,
                false,
                Map.of(
                    "refmesh.io/probes",
                    "8080/ready?deep=1 9090/grpc.health.v1.Health/Check 80 /live x8080/x")));

    assertThat(inbound(snapshots, "shop", "cart").probes())
        .containsExactly(
            new InboundPolicy.Probe(8080, "/ready?deep=1"),
            new InboundPolicy.Probe(9090, "/grpc.health.v1.Health/Check"));
  }

  @Test
  void takesThePolicyOfWorkloadBeforeNamespaceBeforeMesh() {
    String yaml =
        SERVICES
            + """
            kind: MeshConfig
            spec: {proxy: {defaultInboundPolicy: all-authenticated}}
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: ops, annotations: {refmesh.io/default-inbound-policy: deny}}
            """;
    Snapshots snapshots =
        build(
            yaml,
            instance("cart", 0),
            instance("ops", "cart", 0, true, false, Map.of()),
            instance(
                "ops", "web", 0, true, false, Map.of("refmesh.io/default-inbound-policy", "audit")),
            instance(
                "shop",
                "web",
                0,
                true,
                false,
                Map.of("refmesh.io/default-inbound-policy", "open")));

    assertThat(inbound(snapshots, "shop", "cart").defaultPolicy())
        .isEqualTo(InboundPolicy.Default.ALL_AUTHENTICATED);
    assertThat(inbound(snapshots, "ops", "cart").defaultPolicy())
        .isEqualTo(InboundPolicy.Default.DENY);
    assertThat(inbound(snapshots, "ops", "web").defaultPolicy())
        .isEqualTo(InboundPolicy.Default.AUDIT);
    assertThat(inbound(snapshots, "shop", "web").defaultPolicy())
        .isEqualTo(InboundPolicy.Default.DENY);
    assertThat(snapshots.problems())
        .extracting(Problem::object)
        .containsExactly("Workload shop/web");
  }

  @Test
  void attachesAuthorizationsByServiceSelectorAndNamespace() {
    String policy =
        """
        kind: AuthorizationPolicy
        metadata: {name: %s, namespace: %s}
        spec:
          %s
          action: ALLOW
          rules: [{from: [{serviceAccounts: [{name: web}], namespaces: [ops], identities: ["spiffe://cluster.local/*"]}]}]
        ---
        """;
    Snapshots snapshots =
        build(
            SERVICES
                + policy.formatted("service", "shop", "targetRefs: [{kind: Service, name: cart}]")
                + policy.formatted("selector", "shop", "selector: {matchLabels: {app: catalog}}")
                + policy.formatted(
                    "namespace", "shop", "targetRefs: [{kind: Namespace, name: shop}]")
                + policy.formatted("elsewhere", "ops", "")
                + policy.formatted("mesh", "refmesh-system", "")
                + policy.formatted(
                    "nowhere", "shop", "targetRefs: [{kind: Service, name: basket}]"),
            instance("cart", 0),
            instance("catalog", 0));

    InboundPolicy.Port cart = inbound(snapshots, "shop", "cart").ports().getFirst();
    assertThat(cart.port()).isEqualTo(8080);
    assertThat(cart.service()).isEqualTo("shop/cart");
    assertThat(cart.authorizations())
        .extracting(Authorization::name)
        .containsExactlyInAnyOrder("shop/service", "shop/namespace", "refmesh-system/mesh");
    assertThat(inbound(snapshots, "shop", "catalog").ports().getFirst().authorizations())
        .extracting(Authorization::name)
        .containsExactlyInAnyOrder("shop/selector", "shop/namespace", "refmesh-system/mesh");
    assertThat(cart.authorizations().getFirst().rules().getFirst().from().getFirst().identities())
        .containsExactly(
            "spiffe://cluster.local/*",
            "spiffe://cluster.local/ns/shop/sa/web",
            "spiffe://cluster.local/ns/ops/*");
    assertThat(snapshots.problems())
        .singleElement()
        .satisfies(p -> assertThat(p.message()).contains("there is no Service shop/basket"));
  }

  @Test
  void knowsWhatAPortSpeaksFromServiceWorkloadAndNumber() {
    String yaml =
        """
        apiVersion: v1
        kind: Service
        metadata: {name: cart, namespace: shop, annotations: {refmesh.io/opaque-ports: "82, 83"}}
        spec:
          selector: {app: cart}
          ports:
          - {name: a, port: 80, appProtocol: grpc}
          - {name: b, port: 81, targetPort: 8080}
          - {name: c, port: 82, appProtocol: http}
          - {name: d, port: 5432}
          - {name: e, port: 84, appProtocol: tcp}
        """;

    Snapshots snapshots = build(yaml, instance("cart", 0));

    assertThat(protocol(snapshots, 80)).isEqualTo(AppProtocol.GRPC);
    assertThat(protocol(snapshots, 81)).isEqualTo(AppProtocol.DETECT);
    assertThat(protocol(snapshots, 82)).isEqualTo(AppProtocol.OPAQUE);
    assertThat(protocol(snapshots, 5432)).isEqualTo(AppProtocol.OPAQUE);
    assertThat(protocol(snapshots, 84)).isEqualTo(AppProtocol.OPAQUE);
    assertThat(inbound(snapshots, "shop", "cart").ports())
        .extracting(InboundPolicy.Port::port)
        .containsExactly(80, 82, 84, 5432, 8080);
  }

  @Seeds(20)
  void buildsTheSameWhateverTheOrderOfWhatItIsGiven(Seed seed) {
    String yaml =
        SERVICES
            + ROUTE.formatted("one", "shop", "cart")
            + ROUTE.formatted("two", "shop", "basket")
            + ROUTE.formatted("three", "ops", "cart")
            + """
            kind: ResiliencePolicy
            metadata: {name: b, namespace: shop}
            spec: {timeouts: {request: 1s}}
            ---
            kind: ResiliencePolicy
            metadata: {name: a, namespace: shop}
            spec: {timeouts: {request: 2s, perTry: 1s}}
            ---
            kind: AuthorizationPolicy
            metadata: {name: a, namespace: shop}
            spec: {action: DENY, rules: [{from: [{namespaces: [ops]}]}]}
            ---
            kind: Detour
            metadata: {name: cart, namespace: shop}
            spec: {targetRefs: [{kind: Service, name: cart}], via: "127.0.0.1:8666", expiresAfter: 2m}
            """;
    List<Resource> resources = new ArrayList<>(resources(yaml));
    List<Instance> instances =
        new ArrayList<>(
            List.of(
                instance("cart", 0),
                instance("cart", 1),
                instance("catalog", 0),
                instance("web", 0)));
    Snapshots expected = build(resources, instances, detour -> true);

    Random random = Random.from(seed.random());
    Collections.shuffle(resources, random);
    Collections.shuffle(instances, random);

    assertThat(build(resources, instances, detour -> true)).isEqualTo(expected);
  }

  private static List<EndpointSpec> endpoints(Snapshots snapshots) {
    Backend backend = destination(snapshots, CART).backends().get(CART);
    return backend == null ? List.of() : backend.endpoints();
  }

  private static AppProtocol protocol(Snapshots snapshots, int port) {
    return destination(snapshots, new ServicePort("shop", "cart", port)).protocol();
  }

  private static InboundPolicy inbound(Snapshots snapshots, String namespace, String workload) {
    Snapshots.Workload found = snapshots.workloads().get(id(namespace, workload));
    assertThat(found).isNotNull();
    return Objects.requireNonNull(found).config().inbound();
  }

  private static Snapshots.Workload workload(Snapshots snapshots, String workload) {
    return Objects.requireNonNull(snapshots.workloads().get(id("shop", workload)));
  }

  private static InstanceId id(String namespace, String workload) {
    return new InstanceId(namespace, workload, 0, States.address(workload, 0));
  }
}
