package io.refmesh.control.build;

import static io.refmesh.control.build.States.CART;
import static io.refmesh.control.build.States.END;
import static io.refmesh.control.build.States.SERVICES;
import static io.refmesh.control.build.States.build;
import static io.refmesh.control.build.States.destination;
import static io.refmesh.control.build.States.instance;
import static io.refmesh.control.build.States.require;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.registry.Problem;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.Faults;
import io.refmesh.model.policy.Faults.Delay;
import io.refmesh.model.policy.Faults.Effect;
import io.refmesh.model.policy.Faults.Fault;
import io.refmesh.model.policy.Faults.Header;
import io.refmesh.model.route.RouteRule;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FaultInjectionTest {

  private static final ServicePort CATALOG = new ServicePort("shop", "catalog", 80);

  private static final String REST =
      "expiresAfter: 5m, maxActive: 100, faults: [{percent: 20, reset: true}]";

  @Test
  void tellsCallersOfAServiceWhatToBreakAndUntilWhen() {
    Snapshots snapshots =
        snapshots(
            """
            kind: FaultPolicy
            metadata: {name: cart, namespace: shop}
            spec:
              targetRefs: [{kind: Service, name: cart}]
              side: client
              expiresAfter: 5m
              maxActive: 100
              faults:
              - {percent: 20, match: {headers: [{name: X-Test, value: "1"}]}, delay: {fixed: 300ms, jitter: 100ms}}
              - {percent: 5, abort: {httpStatus: 503}}
              - {percent: 5, abort: {grpcStatus: UNAVAILABLE}}
              - {percent: 5, truncateAfter: 1Ki}
            """);

    assertThat(client(snapshots, CART))
        .contains(
            new Faults(
                "shop/cart",
                100,
                END,
                Duration.ofMinutes(5),
                List.of(
                    new Fault(
                        20,
                        List.of(new Header("x-test", "1")),
                        Optional.of(new Delay(Duration.ofMillis(300), Duration.ofMillis(100))),
                        Optional.empty()),
                    effect(new Effect.AbortHttp(503)),
                    effect(new Effect.AbortGrpc(14)),
                    effect(new Effect.Truncate(1024)))));
    assertThat(client(snapshots, CATALOG)).isEmpty();
    assertThat(server(snapshots, "cart")).isEmpty();
    assertThat(snapshots.problems()).isEmpty();
  }

  @Test
  void tellsTheSidecarsOfTheCalledByLabelOrService() {
    Snapshots snapshots =
        snapshots(
            policy("a", "selector: {matchLabels: {app: cart}}, side: server")
                + policy("b", "targetRefs: [{kind: Service, name: catalog}], side: server"));

    assertThat(server(snapshots, "cart").map(Faults::policy)).contains("shop/a");
    assertThat(server(snapshots, "catalog").map(Faults::policy)).contains("shop/b");
    assertThat(client(snapshots, CART)).isEmpty();
  }

  @Test
  void takesTheMostSpecificOfEachSide() {
    Snapshots snapshots =
        snapshots(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: cart, namespace: shop}
            spec:
              parentRefs: [{group: "", kind: Service, name: cart}]
              rules:
              - {name: one, matches: [{path: {type: Exact, value: /one}}], backendRefs: [{name: cart, port: 80}]}
              - {name: two, matches: [{path: {type: Exact, value: /two}}], backendRefs: [{name: cart, port: 80}]}
            ---
            """
                + policy("namespace", "side: client")
                + policy("service", "targetRefs: [{kind: Service, name: cart}], side: client")
                + policy(
                    "rule",
                    "targetRefs: [{kind: HTTPRoute, name: cart, sectionName: two}], side: client")
                + policy("server", "targetRefs: [{kind: Service, name: cart}], side: server"));

    assertThat(destination(snapshots, CART).rules())
        .extracting(rule -> rule.faults().map(Faults::policy).orElse(""))
        .containsExactly("shop/service", "shop/rule");
    assertThat(client(snapshots, CATALOG).map(Faults::policy)).contains("shop/namespace");
    assertThat(server(snapshots, "cart").map(Faults::policy)).contains("shop/server");
    assertThat(snapshots.problems()).isEmpty();
  }

  @Test
  void saysThatAPolicyHasExpiredAndLetsTheWiderOneHold() {
    var resources =
        States.resources(
            SERVICES
                + policy("old", "targetRefs: [{kind: Service, name: cart}], side: client")
                + policy("wide", "side: client"));
    Snapshots snapshots =
        build(
            resources,
            List.of(instance("cart", 0)),
            object -> !object.content().contains("shop/old"));

    assertThat(client(snapshots, CART).map(Faults::policy)).contains("shop/wide");
    assertThat(snapshots.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.object()).isEqualTo("FaultPolicy shop/old");
          assertThat(problem.field()).isEqualTo("spec.expiresAfter");
          assertThat(problem.message()).startsWith("Expired: its 5m are over and it has no effect");
        });
  }

  @Test
  void saysWhatPointsNowhereAndWhichOfTwoWins() {
    List<Problem> problems =
        snapshots(
                policy("a", "targetRefs: [{kind: Service, name: crat}], side: client")
                    + policy("b", "targetRefs: [{kind: Service, name: crat}], side: server")
                    + policy("c", "targetRefs: [{kind: HTTPRoute, name: cart}], side: client")
                    + policy("d", "selector: {matchLabels: {app: crat}}, side: server")
                    + policy("e", "targetRefs: [{kind: Service, name: cart}], side: client")
                    + policy("f", "targetRefs: [{kind: Service, name: cart}], side: client")
                    + policy("g", "targetRefs: [{kind: Service, name: cart}], side: server"))
            .problems();

    assertThat(problems)
        .extracting(p -> p.object().substring("FaultPolicy shop/".length()) + ": " + p.message())
        .satisfiesExactly(
            m -> assertThat(m).startsWith("a: there is no Service shop/crat (expected: "),
            m -> assertThat(m).startsWith("b: there is no Service shop/crat (expected: "),
            m -> assertThat(m).startsWith("c: there is no HTTPRoute shop/cart (expected: "),
            m -> assertThat(m).startsWith("d: no workload has {app=crat} (expected: "),
            m -> assertThat(m).startsWith("f: has the same target as shop/e, which is older"));
  }

  private static String policy(String name, String attached) {
    return "kind: FaultPolicy\nmetadata: {name: %s, namespace: shop}\nspec: {%s, %s}\n---\n"
        .formatted(name, attached, REST);
  }

  private static Snapshots snapshots(String yaml) {
    return build(SERVICES + yaml, instance("cart", 0), instance("catalog", 0));
  }

  private static Optional<Faults> client(Snapshots snapshots, ServicePort port) {
    List<RouteRule> rules = destination(snapshots, port).rules();
    return rules.getFirst().faults();
  }

  private static Optional<Faults> server(Snapshots snapshots, String workload) {
    return require(
            Optional.ofNullable(snapshots.workloads().get(InstanceId.of(instance(workload, 0)))))
        .config()
        .inbound()
        .ports()
        .getFirst()
        .faults();
  }

  private static Fault effect(Effect effect) {
    return new Fault(5, List.of(), Optional.empty(), Optional.of(effect));
  }
}
