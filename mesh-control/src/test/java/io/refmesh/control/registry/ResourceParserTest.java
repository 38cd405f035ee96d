package io.refmesh.control.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Authorization.Action;
import io.refmesh.model.policy.BackendSettings.Algorithm;
import io.refmesh.model.policy.BackendSettings.Hash;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteFilter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResourceParserTest {

  @Test
  void readsAServiceAsAClusterWouldTakeIt() {
    Service service =
        only(
            Service.class,
            """
            apiVersion: v1
            kind: Service
            metadata: {name: cart, namespace: shop, labels: {team: checkout}}
            spec:
              type: ClusterIP
              clusterIP: 10.0.0.7
              selector: {app: cart}
              ports:
              - {name: http, port: 80, targetPort: 8080, appProtocol: http, protocol: TCP}
              - {name: grpc, port: 81, targetPort: grpc}
              - {name: dns, port: 53, protocol: UDP}
            """);

    assertThat(service.object()).isEqualTo("Service shop/cart");
    assertThat(service.ports())
        .containsExactly(
            new Service.Port("http", 80, new Service.Target.Number(8080), "http"),
            new Service.Port("grpc", 81, new Service.Target.Name("grpc"), ""));
    assertThat(service.origin()).isEqualTo(new Origin("mesh.yaml", 0, 1));
  }

  @Test
  void readsEveryFieldOfAResiliencePolicy() {
    ResiliencePolicy policy =
        only(
            ResiliencePolicy.class,
            """
            kind: ResiliencePolicy
            metadata: {name: cart, namespace: shop}
            spec:
              targetRefs: [{kind: Service, name: cart}]
              timeouts: {request: 2s, perTry: 500ms, idle: 60s, connect: 1s}
              retry:
                attempts: 2
                on: [5xx, gateway-error, "503", "500-502", connect-failure, reset, refused-stream, per-try-timeout, grpc:unavailable]
                nonIdempotent: false
                backoff: {base: 25ms, max: 250ms}
                bodyLimit: 64Ki
                budget: {percent: 20, minPerSecond: 10, window: 10s}
              ejection:
                consecutiveFailures: 7
                successRate: {threshold: 80, window: 10s, minRequests: 5}
                backoff: {base: 1s, max: 60s, jitter: 50}
                maxEjected: 50
              balancer: {algorithm: ring-hash, hash: {header: X-User}, slowStart: 10s, preferZone: true}
              limits: {inFlight: 1000, adaptive: true, connections: 1024, pending: 1024}
            """);

    assertThat(policy.targetRefs())
        .containsExactly(new TargetRef(TargetRef.Kind.SERVICE, "cart", ""));
    ResiliencePolicy.Settings settings = policy.settings();
    assertThat(settings.timeouts().perTry()).contains(Duration.ofMillis(500));
    assertThat(settings.retry().on().orElseThrow())
        .hasSize(9)
        .contains(new RetryCondition.Status(503, 503), new RetryCondition.GrpcStatus(14));
    assertThat(settings.retry().bodyLimitBytes()).contains(65_536);
    assertThat(settings.ejection().successPercent()).contains(80);
    assertThat(settings.balancer().algorithm()).contains(Algorithm.RING_HASH);
    assertThat(settings.balancer().hash()).contains(new Hash.Header("x-user"));
    assertThat(settings.limits().inFlight()).contains(1000);
  }

  @Test
  void readsAnAuthorizationPolicy() {
    AuthorizationPolicy policy =
        only(
            AuthorizationPolicy.class,
            """
            apiVersion: refmesh.io/v1alpha1
            kind: AuthorizationPolicy
            metadata: {name: cart, namespace: shop}
            spec:
              targetRefs: [{kind: Service, name: cart}]
              action: ALLOW
              rules:
              - from:
                - identities: ["spiffe://cluster.local/ns/shop/sa/web", "spiffe://cluster.local/ns/ops/*"]
                - serviceAccounts: [{name: web, namespace: shop}, {name: own}]
                - namespaces: [shop]
                - networks: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]
                to:
                - {ports: [8080], methods: [GET], paths: [/items, /items/*], headers: [{name: X-Tenant, value: a}]}
            """);

    assertThat(policy.action()).isEqualTo(Action.ALLOW);
    assertThat(policy.rules()).hasSize(1);
    assertThat(policy.rules().getFirst().from()).hasSize(4);
    assertThat(policy.rules().getFirst().from().get(1).serviceAccounts())
        .contains(new AuthorizationPolicy.ServiceAccount("shop", "own"));
    assertThat(policy.rules().getFirst().to().getFirst().headers().getFirst().name())
        .isEqualTo("x-tenant");
  }

  @Test
  void readsAWorkloadWithScalarsAsTheyAreWritten() {
    Workload workload =
        only(
            Workload.class,
            """
            kind: Workload
            metadata: {name: cart, namespace: shop, labels: {app: cart, version: v1}}
            spec:
              command: [java, -jar, demo-shop.jar, cart, --port, 8080]
              env: {PRICING_URL: "http://pricing.shop:8080", SEED: 7, EMPTY: }
              serviceAccount: cart
              replicas: 3
              zones: [a, b]
              ports: [{name: http, port: 8080, appProtocol: http}]
              readiness: {httpGet: {path: /ready, port: http}}
              sidecar: {profile: standard, annotations: {refmesh.io/default-inbound-policy: all-authenticated}}
            """);

    assertThat(workload.command()).endsWith("--port", "8080");
    assertThat(workload.env()).containsEntry("SEED", "7").containsEntry("EMPTY", "");
    assertThat(List.of(workload.zone(0), workload.zone(1), workload.zone(2)))
        .containsExactly("a", "b", "a");
    assertThat(workload.readiness()).contains(new Workload.HttpCheck("/ready", 8080));
    assertThat(workload.annotations())
        .containsEntry(Annotations.DEFAULT_INBOUND_POLICY, "all-authenticated");
  }

  @Test
  void readsAMeshConfigWithoutMetadata() {
    MeshConfig config =
        only(
            MeshConfig.class,
            """
            kind: MeshConfig
            spec:
              trustDomain: cluster.local
              identity: {leafLifetime: 5s, renewAt: 60}
              proxy: {defaultInboundPolicy: all-authenticated, accessLog: off}
            """);

    assertThat(config.object()).isEqualTo("MeshConfig refmesh-system/mesh");
    assertThat(config.identity())
        .isEqualTo(new MeshConfig.Identity(Duration.ofSeconds(5), 60, Duration.ofSeconds(20)));
    assertThat(config.proxy().defaultInboundPolicy())
        .isEqualTo(InboundPolicy.Default.ALL_AUTHENTICATED);
  }

  @Test
  void readsWhatSidecarsTellAndToWhom() {
    MeshConfig config =
        only(
            MeshConfig.class,
            """
            kind: MeshConfig
            spec:
              proxy:
                tracing: {endpoint: "http://127.0.0.1:4317", sample: 10}
                redact: {query: [token, "*"], headers: [x-secret]}
                tap: {identities: ["spiffe://cluster.local/ns/ops/sa/me"]}
            """);

    assertThat(config.proxy().telemetry())
        .isEqualTo(
            new MeshConfig.Telemetry(
                "http://127.0.0.1:4317",
                10,
                List.of("token", "*"),
                List.of("x-secret"),
                List.of("spiffe://cluster.local/ns/ops/sa/me")));
  }

  @Test
  void readsADetour() {
    Detour detour =
        only(
            Detour.class,
            """
            kind: Detour
            metadata: {name: cart, namespace: shop}
            spec:
              targetRefs: [{kind: Service, name: cart}]
              endpoints: [0]
              via: 127.0.0.1:8666
              expiresAfter: 2m
            """);

    assertThat(detour.via()).isEqualTo(new HostPort("127.0.0.1", 8666));
    assertThat(detour.expiresAfter()).isEqualTo(Duration.ofMinutes(2));
    assertThat(detour.endpoints()).containsExactly(0);
  }

  @Test
  void readsAnHttpRoute() {
    HttpRoute route =
        only(
            HttpRoute.class,
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: catalog, namespace: shop}
            spec:
              parentRefs: [{group: "", kind: Service, name: catalog, port: 8080}]
              rules:
              - name: items
                matches:
                - path: {type: Exact, value: /items}
                  method: GET
                  headers: [{name: Version, value: two}]
                  queryParams: [{name: q, value: "a+", type: RegularExpression}]
                filters:
                - type: RequestHeaderModifier
                  requestHeaderModifier: {set: [{name: X-Set, value: a}], remove: [X-Gone]}
                - type: URLRewrite
                  urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /v2}}
                backendRefs:
                - {name: catalog-v1, port: 8080, weight: 90}
                - {name: catalog-v2, port: 8080, weight: 10}
                timeouts: {request: 1s, backendRequest: 500ms}
                retry: {codes: [503], attempts: 2, backoff: 10ms}
            """);

    HttpRoute.Rule rule = route.rules().getFirst();
    assertThat(rule.matches().getFirst().path()).isEqualTo(new HttpMatch.PathMatch.Exact("/items"));
    assertThat(rule.matches().getFirst().headers().getFirst().name()).isEqualTo("version");
    assertThat(rule.filters().getLast())
        .isInstanceOfSatisfying(
            RouteFilter.Rewrite.class,
            rewrite -> assertThat(rewrite.path().orElseThrow().value()).isEqualTo("/v2"));
    assertThat(rule.backendRefs()).extracting(BackendRef::weight).containsExactly(90, 10);
    assertThat(rule.retry().orElseThrow().codes()).containsExactly(503);
  }

  @Test
  void readsSeveralDocumentsAndSkipsEmptyOnes() {
    ParseResult result =
        parse(
            """
            # a comment
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop}
            ---
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: ops}
            """);

    assertThat(result.problems()).isEmpty();
    assertThat(result.resources())
        .extracting(r -> r.metadata().name())
        .containsExactly("shop", "ops");
  }

  @Test
  void readsAnEmptyFileAsNothing() {
    assertThat(parse("")).isEqualTo(new ParseResult(List.of(), List.of()));
    assertThat(parse("# only a comment\n")).isEqualTo(new ParseResult(List.of(), List.of()));
  }

  private static <T extends Resource> T only(Class<T> kind, String text) {
    ParseResult result = parse(text);
    assertThat(result.problems()).isEmpty();
    assertThat(result.resources()).hasSize(1);
    return kind.cast(result.resources().getFirst());
  }

  private static ParseResult parse(String text) {
    return ResourceParser.parse(Path.of("mesh.yaml"), text);
  }
}
