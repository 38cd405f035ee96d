package io.refmesh.control.build;

import static io.refmesh.control.build.States.CART;
import static io.refmesh.control.build.States.SERVICES;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.registry.Problem;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.RouteRule;
import io.refmesh.testkit.acceptance.Acceptance;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PolicyMergeTest {

  private static final String ROUTE =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: {name: cart, namespace: shop}
      spec:
        parentRefs: [{kind: Service, name: cart}]
        rules:
        - name: named
          matches: [{path: {type: Exact, value: /a}}]
          backendRefs: [{name: cart, port: 80}]
          %s
        - backendRefs: [{name: cart, port: 80}]
      ---
      """;

  @Test
  void usesTheDefaultsWithoutAnyPolicy() {
    Snapshots snapshots = States.build(SERVICES);

    assertThat(rule(snapshots, 0).timeouts()).isEqualTo(Timeouts.NONE);
    assertThat(rule(snapshots, 0).retry()).isEmpty();
    assertThat(settings(snapshots)).isEqualTo(BackendSettings.DEFAULT);
  }

  @Test
  @Acceptance(88)
  void letsTheMostSpecificPolicyWinFieldByField() {
    Snapshots snapshots =
        States.build(
            SERVICES
                + ROUTE.formatted("")
                + policy(
                    "mesh",
                    "refmesh-system",
                    "",
                    "request: 50s, perTry: 50s, idle: 50s, connect: 50s")
                + policy("namespace", "shop", "", "request: 40s, perTry: 40s, idle: 40s")
                + policy(
                    "service", "shop", "{kind: Service, name: cart}", "request: 30s, perTry: 30s")
                + policy("route", "shop", "{kind: HTTPRoute, name: cart}", "request: 20s")
                + policy(
                    "rule",
                    "shop",
                    "{kind: HTTPRoute, name: cart, sectionName: named}",
                    "request: 10s"));

    assertThat(rule(snapshots, 0).timeouts())
        .isEqualTo(
            new Timeouts(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(40)));
    assertThat(rule(snapshots, 1).timeouts())
        .isEqualTo(
            new Timeouts(Duration.ofSeconds(20), Duration.ofSeconds(30), Duration.ofSeconds(40)));
    assertThat(settings(snapshots).connectTimeout()).isEqualTo(Duration.ofSeconds(50));
    assertThat(snapshots.problems()).isEmpty();
  }

  @Test
  @Acceptance(88)
  void letsTheRoutesOwnTimeoutsAndRetryWinOverAnyPolicy() {
    Snapshots snapshots =
        States.build(
            SERVICES
                + ROUTE.formatted(
                    "timeouts: {request: 1s, backendRequest: 500ms}\n    retry: {codes: [503], attempts: 1}")
                + """
                kind: ResiliencePolicy
                metadata: {name: rule, namespace: shop}
                spec:
                  targetRefs: [{kind: HTTPRoute, name: cart, sectionName: named}]
                  timeouts: {request: 9s, perTry: 9s, idle: 9s}
                  retry: {attempts: 9, on: [5xx], bodyLimit: 1Ki, budget: {percent: 50}}
                """);

    assertThat(rule(snapshots, 0).timeouts())
        .isEqualTo(
            new Timeouts(Duration.ofSeconds(1), Duration.ofMillis(500), Duration.ofSeconds(9)));
    RetrySettings retry = States.require(rule(snapshots, 0).retry());
    assertThat(retry.attempts()).isEqualTo(1);
    assertThat(retry.on())
        .contains(new RetryCondition.Status(503, 503), new RetryCondition.Reset());
    assertThat(retry.on()).doesNotContain(new RetryCondition.Status(500, 599));
    assertThat(retry.bodyLimitBytes()).isEqualTo(1024);
    assertThat(retry.budget()).isEqualTo(new RetrySettings.Budget(50, 10, Duration.ofSeconds(10)));
    assertThat(rule(snapshots, 1).retry()).isEmpty();
  }

  @Test
  void retriesOnlyWhenSomebodyAsksForIt() {
    assertThat(retry("{budget: {percent: 50}, bodyLimit: 1Ki}")).isEmpty();
    assertThat(retry("{attempts: 0, on: [5xx]}")).isEmpty();
    assertThat(States.require(retry("{attempts: 3}")).budget())
        .isEqualTo(RetrySettings.Budget.DEFAULT);
    assertThat(States.require(retry("{on: [5xx]}")).attempts()).isEqualTo(2);
    assertThat(States.require(retry("{attempts: 3}")).nonIdempotent()).isFalse();
  }

  @Test
  void letsTheOlderOfTwoWithTheSameTargetWinAndTellsTheOther() {
    Snapshots snapshots =
        States.build(
            SERVICES
                + policy("z", "shop", "{kind: Service, name: cart}", "request: 1s")
                + policy("a", "shop", "{kind: Service, name: cart}", "request: 2s, perTry: 2s"));

    assertThat(rule(snapshots, 0).timeouts().request()).isEqualTo(Duration.ofSeconds(1));
    assertThat(rule(snapshots, 0).timeouts().perTry()).isEqualTo(Duration.ofSeconds(2));
    assertThat(snapshots.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.object()).isEqualTo("ResiliencePolicy shop/a");
          assertThat(problem.message()).contains("same target as shop/z");
        });
  }

  @Test
  void saysWhatPointsNowhereOrHasNoEffect() {
    Snapshots snapshots =
        States.build(
            SERVICES
                + ROUTE.formatted("")
                + policy("service", "shop", "{kind: Service, name: basket}", "request: 1s")
                + policy("route", "shop", "{kind: HTTPRoute, name: basket}", "request: 1s")
                + policy(
                    "rule",
                    "shop",
                    "{kind: HTTPRoute, name: cart, sectionName: other}",
                    "request: 1s")
                + policy("grpc", "shop", "{kind: GRPCRoute, name: cart}", "request: 1s")
                + policy("connect", "shop", "{kind: HTTPRoute, name: cart}", "connect: 1s"));

    assertThat(snapshots.problems())
        .extracting(Problem::object)
        .containsExactlyInAnyOrder(
            "ResiliencePolicy shop/service",
            "ResiliencePolicy shop/route",
            "ResiliencePolicy shop/rule",
            "ResiliencePolicy shop/grpc",
            "ResiliencePolicy shop/connect");
  }

  private static Optional<RetrySettings> retry(String retry) {
    Snapshots snapshots =
        States.build(
            SERVICES
                + "kind: ResiliencePolicy\nmetadata: {name: cart, namespace: shop}\nspec: {retry: "
                + retry
                + "}\n");
    return rule(snapshots, 0).retry();
  }

  private static RouteRule rule(Snapshots snapshots, int index) {
    List<RouteRule> rules = States.destination(snapshots, CART).rules();
    return rules.get(index);
  }

  private static BackendSettings settings(Snapshots snapshots) {
    Backend backend = States.destination(snapshots, CART).backends().get(CART);
    return Objects.requireNonNull(backend).settings();
  }

  private static String policy(String name, String namespace, String target, String timeouts) {
    return """
    kind: ResiliencePolicy
    metadata: {name: %s, namespace: %s}
    spec:
      %s
      timeouts: {%s}
    ---
    """
        .formatted(
            name, namespace, target.isEmpty() ? "" : "targetRefs: [" + target + "]", timeouts);
  }
}
