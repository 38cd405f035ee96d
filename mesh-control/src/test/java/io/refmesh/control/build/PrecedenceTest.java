package io.refmesh.control.build;

import static io.refmesh.control.build.States.CART;
import static io.refmesh.control.build.States.SERVICES;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.route.RouteRule;
import io.refmesh.testkit.acceptance.Acceptance;
import java.util.List;
import org.junit.jupiter.api.Test;

/** In which order rules are tried, one criterion of Gateway API after the other. */
class PrecedenceTest {

  @Test
  void triesAnExactPathBeforeAPatternBeforeAPrefix() {
    assertThat(
            order(
                "path: {type: PathPrefix, value: /items/very/long}",
                "path: {type: RegularExpression, value: /items/.*}",
                "path: {type: Exact, value: /a}"))
        .containsExactly(2, 1, 0);
  }

  @Test
  void triesTheLongerPrefixFirst() {
    assertThat(order("path: {value: /}", "path: {value: /items/new}", "path: {value: /items}"))
        .containsExactly(1, 2, 0);
  }

  @Test
  void triesAMethodBeforeHeaders() {
    assertThat(order("headers: [{name: a, value: b}, {name: c, value: d}]", "method: GET"))
        .containsExactly(1, 0);
  }

  @Test
  void triesMoreHeadersBeforeMoreQueryParameters() {
    assertThat(
            order(
                "queryParams: [{name: a, value: b}, {name: c, value: d}]",
                "headers: [{name: a, value: b}]",
                "headers: [{name: a, value: b}, {name: c, value: d}]",
                "queryParams: [{name: a, value: b}]"))
        .containsExactly(2, 1, 0, 3);
  }

  @Test
  void keepsTheOrderOfRulesThatAreAlike() {
    assertThat(order("path: {value: /a}", "path: {value: /b}", "path: {value: /c}"))
        .containsExactly(0, 1, 2);
  }

  @Test
  @Acceptance(137)
  void triesTheOlderRouteFirstWhenRulesAreAlike() {
    List<String> names =
        names(route("b", "", "path: {value: /a}") + route("a", "", "path: {value: /a}"));

    assertThat(names).containsExactly("shop/b/0", "shop/a/0");
  }

  @Test
  void triesTheMoreSpecificHostNameFirst() {
    List<String> names =
        names(
            route("any", "", "path: {type: Exact, value: /a}")
                + route("wild", "hostnames: ['*.example.com']", "path: {value: /a}")
                + route("exact", "hostnames: [a.example.com]", "path: {value: /}"));

    assertThat(names).containsExactly("shop/exact/0", "shop/wild/0", "shop/any/0");
  }

  @Test
  void makesARuleOfEveryMatchOfEveryHostName() {
    List<RouteRule> rules =
        States.destination(
                States.build(SERVICES + route("a", "hostnames: [a.b, c.d]", "path: {value: /a}")),
                CART)
            .rules();

    assertThat(rules)
        .extracting(RouteRule::hostnames)
        .containsExactly(List.of("a.b"), List.of("c.d"));
  }

  private static List<Integer> order(String... matches) {
    return names(route("cart", "", matches)).stream()
        .map(name -> Integer.valueOf(name.substring(name.lastIndexOf('/') + 1)))
        .toList();
  }

  private static List<String> names(String routes) {
    return States.destination(States.build(SERVICES + routes), CART).rules().stream()
        .map(RouteRule::name)
        .toList();
  }

  private static String route(String name, String hostnames, String... matches) {
    StringBuilder yaml =
        new StringBuilder(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: %s, namespace: shop}
            spec:
              parentRefs: [{kind: Service, name: cart, port: 80}]
              %s
              rules:
            """
                .formatted(name, hostnames));
    for (String match : matches) {
      yaml.append("  - {matches: [{")
          .append(match)
          .append("}], backendRefs: [{name: cart, port: 80}]}\n");
    }
    return yaml.append("---\n").toString();
  }
}
