package io.refmesh.control.build;

import static io.refmesh.control.build.States.SERVICES;
import static io.refmesh.control.build.States.build;
import static io.refmesh.control.build.States.instance;
import static io.refmesh.control.build.States.require;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.registry.Problem;
import io.refmesh.model.policy.RateLimit;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RateLimitingTest {

  @Test
  void limitsThePortOfTheWorkloadsWithTheLabels() {
    Snapshots snapshots =
        snapshots(
            """
            kind: RateLimitPolicy
            metadata: {name: cart, namespace: shop}
            spec:
              selector: {matchLabels: {app: cart}}
              port: 8080
              total: {requestsPerSecond: 500, burst: 50}
              perIdentity: {requestsPerSecond: 70}
              overrides: [{serviceAccount: {name: batch}, requestsPerSecond: 5}]
            """);

    RateLimit limit = require(limit(snapshots, "cart"));

    assertThat(limit.total()).contains(new RateLimit.Rate("shop/cart", 500, 50));
    assertThat(limit.perIdentity()).contains(new RateLimit.Rate("shop/cart", 70, 7));
    assertThat(limit.overrides())
        .containsExactly(
            new RateLimit.IdentityRate(
                "spiffe://cluster.local/ns/shop/sa/batch", new RateLimit.Rate("shop/cart", 5, 2)));
    assertThat(limit(snapshots, "catalog")).isEmpty();
    assertThat(snapshots.problems()).isEmpty();
  }

  @Test
  void takesEachFieldFromTheMostSpecificPolicyThatSaysIt() {
    RateLimit limit =
        require(
            limit(
                snapshots(
                    """
                    kind: RateLimitPolicy
                    metadata: {name: mesh, namespace: refmesh-system}
                    spec: {total: {requestsPerSecond: 1000}, perIdentity: {requestsPerSecond: 100}}
                    ---
                    kind: RateLimitPolicy
                    metadata: {name: namespace, namespace: shop}
                    spec: {total: {requestsPerSecond: 900}, overrides: [{serviceAccount: {name: a}, requestsPerSecond: 1}]}
                    ---
                    kind: RateLimitPolicy
                    metadata: {name: service, namespace: shop}
                    spec: {targetRefs: [{kind: Service, name: cart}], port: 80, total: {requestsPerSecond: 800}}
                    """),
                "cart"));

    assertThat(limit.total().map(RateLimit.Rate::policy)).contains("shop/service");
    assertThat(limit.perIdentity().map(RateLimit.Rate::policy)).contains("refmesh-system/mesh");
    assertThat(limit.overrides())
        .extracting(o -> o.rate().policy())
        .containsExactly("shop/namespace");
  }

  @Test
  void saysWhichOfTwoWithTheSameTargetWins() {
    Snapshots snapshots =
        snapshots(
            """
            kind: RateLimitPolicy
            metadata: {name: older, namespace: shop}
            spec: {targetRefs: [{kind: Service, name: cart}], total: {requestsPerSecond: 10}}
            ---
            kind: RateLimitPolicy
            metadata: {name: newer, namespace: shop}
            spec: {targetRefs: [{kind: Service, name: cart}], total: {requestsPerSecond: 20}}
            """);

    assertThat(require(limit(snapshots, "cart")).total().map(RateLimit.Rate::policy))
        .contains("shop/older");
    assertThat(snapshots.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.object()).isEqualTo("RateLimitPolicy shop/newer");
          assertThat(problem.message())
              .contains("has the same target as shop/older, which is older");
        });
  }

  @Test
  void saysWhatPointsNowhere() {
    List<Problem> problems =
        snapshots(
                """
                kind: RateLimitPolicy
                metadata: {name: a, namespace: shop}
                spec: {targetRefs: [{kind: Service, name: crat}], total: {requestsPerSecond: 10}}
                ---
                kind: RateLimitPolicy
                metadata: {name: b, namespace: shop}
                spec: {targetRefs: [{kind: Service, name: cart}], port: 81, total: {requestsPerSecond: 10}}
                ---
                kind: RateLimitPolicy
                metadata: {name: c, namespace: shop}
                spec: {selector: {matchLabels: {app: crat}}, total: {requestsPerSecond: 10}}
                ---
                kind: RateLimitPolicy
                metadata: {name: d, namespace: shop}
                spec: {selector: {matchLabels: {app: cart}}, port: 80, total: {requestsPerSecond: 10}}
                """)
            .problems();

    assertThat(problems)
        .extracting(p -> p.object().substring(p.object().length() - 1) + " " + p.field())
        .containsExactly(
            "a spec.targetRefs[0]", "b spec.port", "c spec.selector.matchLabels", "d spec.port");
    assertThat(problems)
        .extracting(Problem::message)
        .satisfiesExactly(
            m -> assertThat(m).startsWith("there is no Service shop/crat (expected: "),
            m ->
                assertThat(m)
                    .startsWith("the Service shop/cart has no port 81 (expected: one of [80]"),
            m -> assertThat(m).startsWith("no workload has {app=crat} (expected: "),
            m ->
                assertThat(m)
                    .startsWith("none of the workloads has a port 80 (expected: one of [8080]"));
  }

  private static Snapshots snapshots(String yaml) {
    return build(SERVICES + yaml, instance("cart", 0), instance("catalog", 0));
  }

  private static Optional<RateLimit> limit(Snapshots snapshots, String workload) {
    return require(
            Optional.ofNullable(snapshots.workloads().get(InstanceId.of(instance(workload, 0)))))
        .config()
        .inbound()
        .ports()
        .getFirst()
        .rateLimit();
  }
}
