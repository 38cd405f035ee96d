package io.refmesh.control.build;

import static io.refmesh.control.build.States.CART;
import static io.refmesh.control.build.States.SERVICES;
import static io.refmesh.control.build.States.build;
import static io.refmesh.control.build.States.destination;
import static io.refmesh.control.build.States.require;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Resource;
import io.refmesh.control.registry.ResourceParser;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.route.ConnectionRule;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import io.refmesh.testkit.acceptance.Acceptance;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoutesTest {

  private static final ServicePort CATALOG = new ServicePort("shop", "catalog", 80);

  private static final String HTTP =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: {name: web, namespace: shop}
      spec:
        parentRefs: [{kind: Service, name: cart, port: 80}]
        rules: [{backendRefs: [{name: catalog, port: 80}]}]
      ---
      """;

  private static final String GRPC =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: GRPCRoute
      metadata: {name: calls, namespace: shop}
      spec:
        parentRefs: [{kind: Service, name: cart}]
        rules:
        - matches: [{method: {method: GetItem}}]
          backendRefs: [{name: catalog, port: 80, weight: 1}]
        - matches: [{method: {service: shop.v1.Cart}}]
          backendRefs: [{name: catalog, port: 80, weight: 2}]
        - matches: [{method: {service: shop.v1.Cart, method: GetItem}, headers: [{name: X-A, value: b}]}]
          backendRefs: [{name: catalog, port: 80, weight: 3}]
        - matches: [{method: {service: shop.v1.Cart, method: GetItem}}]
          backendRefs: [{name: catalog, port: 80, weight: 4}]
        - matches: [{method: {type: RegularExpression, service: "shop[.]v[12][.]Cart", method: "Get.*"}}]
          backendRefs: [{name: catalog, port: 80, weight: 5}]
        - backendRefs: [{name: catalog, port: 80, weight: 6}]
      ---
      """;

  @Test
  @Acceptance(137)
  void letsAGrpcRouteBeatAnHttpRouteAndTellsTheLoser() {
    Snapshots snapshots = build(SERVICES + HTTP + GRPC);

    assertThat(destination(snapshots, CART).rules())
        .extracting(RouteRule::name)
        .allMatch(name -> name.startsWith("shop/calls/"));
    Problem problem = snapshots.problems().getFirst();
    assertThat(problem.object()).isEqualTo("HTTPRoute shop/web");
    assertThat(problem.field()).isEqualTo("spec.parentRefs[0]");
    assertThat(problem.message()).contains("GRPCRoute shop/calls").contains("wins");
    assertThat(snapshots.problems()).hasSize(1);
    assertThat(accepted(snapshots, "HTTPRoute")).isEqualTo("False Conflicted");
    assertThat(accepted(snapshots, "GRPCRoute")).isEqualTo("True Accepted");
  }

  @Test
  @Acceptance(137)
  void letsTheOlderOfTwoEqualMatchesWinAndTellsTheOther() {
    Snapshots snapshots =
        build(
            SERVICES
                + HTTP
                + HTTP.replace("name: web", "name: younger").replace("catalog", "cart"));

    assertThat(destination(snapshots, CART).rules().getFirst().name()).isEqualTo("shop/web/0");
    assertThat(snapshots.problems())
        .extracting(Problem::object, Problem::field)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                "HTTPRoute shop/younger", "spec.rules[0].matches[0]"));
  }

  @Test
  void ordersGrpcRulesByServiceMethodAndHeaders() {
    List<RouteRule> rules = destination(build(SERVICES + GRPC), CART).rules();

    assertThat(rules)
        .extracting(rule -> rule.backends().getFirst().weight())
        .containsExactly(5, 3, 4, 2, 1, 6);
    assertThat(rules.get(2).match().path()).isEqualTo(new PathMatch.Exact("/shop.v1.Cart/GetItem"));
    assertThat(rules.get(3).match().path()).isEqualTo(new PathMatch.Prefix("/shop.v1.Cart"));
    assertThat(rules.get(1).match().headers().getFirst().name()).isEqualTo("x-a");
  }

  @Test
  void leavesHttpRoutesAloneWhereAnotherNamespaceHasGrpcRoutes() {
    Snapshots snapshots =
        build(
            SERVICES
                + HTTP
                + GRPC.replace("namespace: shop", "namespace: ops")
                    .replace("name: cart}", "name: cart, namespace: shop}"));
    assertThat(destination(snapshots, CART).rules().getFirst().name()).isEqualTo("shop/web/0");
    assertThat(require(snapshots.destination("ops", CART)).rules().getFirst().name())
        .startsWith("ops/calls/");
  }

  @Test
  @Acceptance(136)
  void letsACallersRoutesTakeThePlaceOfTheSameSortOnly() {
    Snapshots snapshots =
        build(
            SERVICES
                + HTTP
                + """
                apiVersion: gateway.networking.k8s.io/v1alpha2
                kind: TCPRoute
                metadata: {name: tcp, namespace: ops}
                spec:
                  parentRefs: [{kind: Service, name: cart, namespace: shop}]
                  rules: [{backendRefs: [{name: catalog, namespace: shop, port: 80}]}]
                """);
    assertThat(require(snapshots.destination("ops", CART)).connectionRules()).hasSize(1);
    assertThat(require(snapshots.destination("ops", CART)).rules().getFirst().name())
        .as("requests still go by the service's own route")
        .isEqualTo("shop/web/0");
    assertThat(require(snapshots.destination("shop", CART)).connectionRules()).isEmpty();
  }

  @Test
  void takesFiltersOfBackendsAndMirrorsAlong() {
    RouteRule rule =
        destination(
                build(
                    SERVICES
                        + """
                        apiVersion: gateway.networking.k8s.io/v1
                        kind: HTTPRoute
                        metadata: {name: web, namespace: shop}
                        spec:
                          parentRefs: [{kind: Service, name: cart}]
                          rules:
                          - filters:
                            - type: RequestMirror
                              requestMirror: {backendRef: {name: catalog, port: 80}, percent: 25}
                            - type: RequestMirror
                              requestMirror: {backendRef: {name: gone, port: 80}, fraction: {numerator: 1, denominator: 1000}}
                            backendRefs:
                            - name: cart
                              port: 80
                              filters:
                              - type: RequestHeaderModifier
                                requestHeaderModifier: {set: [{name: X-Version, value: v1}]}
                        """),
                CART)
            .rules()
            .getFirst();

    assertThat(rule.filters())
        .containsExactly(
            new RouteFilter.Mirror(CATALOG, true, 25, 100),
            new RouteFilter.Mirror(new ServicePort("shop", "gone", 80), false, 1, 1000));
    assertThat(rule.backends().getFirst().filters())
        .containsExactly(
            new RouteFilter.RequestHeaders(
                java.util.Map.of("x-version", "v1"), java.util.Map.of(), List.of()));
  }

  @Test
  void tellsWhoseBackendIsMissingByProblemAndCondition() {
    Snapshots snapshots = build(SERVICES + HTTP.replace("name: catalog", "name: gone"));
    assertThat(snapshots.problems().getFirst().field())
        .isEqualTo("spec.rules[0].backendRefs[0].name");
    assertThat(snapshots.routes().getFirst().parents().getFirst().conditions())
        .extracting(c -> c.type() + " " + c.status() + " " + c.reason())
        .containsExactly("Accepted True Accepted", "ResolvedRefs False BackendNotFound");
    assertThat(snapshots.routes().getFirst().parents().getFirst().conditions())
        .allSatisfy(c -> assertThat(c.observedGeneration()).isZero());

    Snapshots orphan = build(SERVICES + HTTP.replace("port: 80}]\n  rules", "port: 81}]\n  rules"));
    assertThat(accepted(orphan, "HTTPRoute")).isEqualTo("False NoMatchingParent");
  }

  @Test
  void saysOfWhichGenerationTheConditionsAre() {
    String seventh = HTTP.replaceFirst("namespace: shop", "namespace: shop, generation: 7");
    for (Snapshots snapshots :
        List.of(
            build(SERVICES + seventh),
            build(SERVICES + seventh.replace("name: catalog", "name: gone")))) {
      assertThat(snapshots.routes().getFirst().parents().getFirst().conditions())
          .hasSize(2)
          .allSatisfy(c -> assertThat(c.observedGeneration()).isEqualTo(7));
    }
  }

  @Test
  void ordersConnectionRulesByTheNameThatTheyAreAbout() {
    String tls =
        """
        apiVersion: gateway.networking.k8s.io/v1alpha2
        kind: TLSRoute
        metadata: {name: %s, namespace: shop}
        spec:
          parentRefs: [{kind: Service, name: cart}]
          %s
          rules: [{backendRefs: [{name: catalog, port: 80}, {name: gone, port: 80}]}]
        ---
        """;
    String tcp =
        """
        apiVersion: gateway.networking.k8s.io/v1alpha2
        kind: TCPRoute
        metadata: {name: tcp, namespace: shop}
        spec:
          parentRefs: [{kind: Service, name: cart}]
          rules: [{backendRefs: [{name: catalog, port: 80, weight: 9}]}]
        ---
        """;
    Snapshots snapshots =
        build(
            SERVICES
                + tcp
                + tls.formatted("any", "")
                + tls.formatted("wild", "hostnames: [\"*.example\", \"*.shop.example\"]")
                + tls.formatted("one", "hostnames: [a.shop.example]"));

    List<ConnectionRule> rules = destination(snapshots, CART).connectionRules();
    assertThat(rules)
        .extracting(rule -> rule.name() + rule.hostnames())
        .containsExactly(
            "shop/one/0[a.shop.example]",
            "shop/wild/0[*.shop.example]",
            "shop/wild/0[*.example]",
            "shop/any/0[]",
            "shop/tcp/0[]");
    assertThat(rules.getLast().backends()).containsExactly(new WeightedBackend(CATALOG, 9, true));
    assertThat(rules.getFirst().backends().getLast().exists()).isFalse();
    assertThat(destination(snapshots, CART).backends()).containsKey(CATALOG);
    assertThat(destination(snapshots, CART).rules().getFirst().name())
        .as("requests go on as before")
        .isEqualTo("default");
  }

  @Test
  void refusesToLookForNamesOnAnOpaquePort() {
    Snapshots snapshots =
        build(
            SERVICES.replace(
                    "port: 80, targetPort: 8080}", "port: 80, targetPort: 8080, appProtocol: tcp}")
                + """
                apiVersion: gateway.networking.k8s.io/v1
                kind: TLSRoute
                metadata: {name: one, namespace: shop}
                spec:
                  parentRefs: [{kind: Service, name: cart}]
                  hostnames: [a.example]
                  rules: [{backendRefs: [{name: catalog, port: 80}]}]
                """);
    assertThat(snapshots.problems().getFirst().message()).contains("is opaque");
    assertThat(accepted(snapshots, "TLSRoute")).isEqualTo("False UnsupportedValue");
    assertThat(destination(snapshots, CART).connectionRules()).isEmpty();
  }

  @Test
  void aHeadlessServiceIsNoParent() {
    String cart =
        """
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cart", "namespace": "shop"},
         "spec": {"selector": {"app": "cart"}, "ports": [{"port": 80}], "clusterIPs": ["%s"]}}
        """;
    for (boolean headless : List.of(true, false)) {
      List<Resource> resources = new ArrayList<>(States.resources(HTTP));
      resources.addAll(
          ResourceParser.parseObject(cart.formatted(headless ? "None" : "10.96.0.7")).resources());
      Snapshots snapshots = build(resources, List.of(), expiring -> true);

      assertThat(accepted(snapshots, "HTTPRoute"))
          .isEqualTo(headless ? "False NoMatchingParent" : "True Accepted");
      assertThat(snapshots.problems())
          .filteredOn(problem -> problem.field().equals("spec.parentRefs[0].name"))
          .hasSize(headless ? 1 : 0);
    }
  }

  private static String accepted(Snapshots snapshots, String kind) {
    return snapshots.routes().stream()
        .filter(route -> route.kind().equals(kind))
        .map(route -> route.parents().getFirst().conditions().getFirst())
        .map(condition -> condition.status() + " " + condition.reason())
        .findFirst()
        .orElse("");
  }
}
