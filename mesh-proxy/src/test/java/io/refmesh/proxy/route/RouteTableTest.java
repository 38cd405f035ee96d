package io.refmesh.proxy.route;

import static io.refmesh.proxy.scripted.TestLoop.head;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.HeaderMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.HttpMatch.QueryMatch;
import io.refmesh.model.route.RouteRule;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.scripted.Destinations;
import io.refmesh.testkit.acceptance.Acceptance;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTableTest {

  @ParameterizedTest
  @CsvSource({
    "/a, /a, true",
    "/a, /a/, true",
    "/a, /a/b, true",
    "/a, /a?x=1, true",
    "/a, /ab, false",
    "/a/, /a, true",
    "/a/, /a/b, true",
    "/a/, /ab, false",
    "/, /anything, true",
    "/a/b, /a, false",
    "/A, /a, false"
  })
  void matchesAPrefixByWholeElements(String prefix, String path, boolean matches) {
    assertThat(matches(new PathMatch.Prefix(prefix), path)).isEqualTo(matches);
  }

  @ParameterizedTest
  @CsvSource({"/a, /a, true", "/a, /a?b=1, true", "/a, /a/, false", "/a, /a/b, false"})
  void matchesAnExactPath(String exact, String path, boolean matches) {
    assertThat(matches(new PathMatch.Exact(exact), path)).isEqualTo(matches);
  }

  @ParameterizedTest
  @CsvSource({"/v[0-9]+/x, /v12/x, true", "/v[0-9]+/x, /v12/x/y, false", "/a.*, /abc?q, true"})
  void matchesARegularExpressionOnTheWholePath(String regex, String path, boolean matches) {
    assertThat(matches(new PathMatch.Regex(regex), path)).isEqualTo(matches);
  }

  @Test
  void namesTheRuleWhoseExpressionCannotBeRead() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> table(any(new PathMatch.Regex("(["))))
        .withMessageContaining("rule r0")
        .withMessageContaining("([");
  }

  @Test
  void takesTheFirstRuleThatMatches() {
    RouteTable table =
        table(any(new PathMatch.Exact("/a")), any(new PathMatch.Prefix("/a")), HttpMatch.ANY);
    assertThat(table.match(get("/a"))).isZero();
    assertThat(table.match(get("/a/b"))).isEqualTo(1);
    assertThat(table.match(get("/c"))).isEqualTo(2);
  }

  @Test
  void saysWhenNoneMatches() {
    assertThat(table(any(new PathMatch.Exact("/a"))).match(get("/b"))).isEqualTo(-1);
  }

  @Test
  @Acceptance(133)
  void matchesMethodAndHeaders() {
    RouteTable table =
        table(
            new HttpMatch(
                new PathMatch.Prefix("/"),
                "GET",
                List.of(
                    new HeaderMatch("x-canary", "yes", false),
                    new HeaderMatch("x-version", "v[12]", true)),
                List.of()));
    assertThat(table.match(head("GET", "/", true, "x-canary", "yes", "x-version", "v2"))).isZero();
    assertThat(table.match(head("PUT", "/", true, "x-canary", "yes", "x-version", "v2")))
        .isEqualTo(-1);
    assertThat(table.match(head("GET", "/", true, "x-canary", "no", "x-version", "v2")))
        .isEqualTo(-1);
    assertThat(table.match(head("GET", "/", true, "x-canary", "yes"))).isEqualTo(-1);
    assertThat(table.match(head("GET", "/", true, "x-canary", "yes", "x-version", "v22")))
        .isEqualTo(-1);
  }

  @Test
  void matchesQueryParametersByTheirFirstValue() {
    RouteTable table =
        table(
            new HttpMatch(
                new PathMatch.Prefix("/"),
                "",
                List.of(),
                List.of(new QueryMatch("animal", "whale fish", false))));
    assertThat(table.match(get("/?animal=whale+fish&animal=dog"))).isZero();
    assertThat(table.match(get("/?animal=whale%20fish"))).isZero();
    assertThat(table.match(get("/?animal=dog&animal=whale+fish"))).isEqualTo(-1);
    assertThat(table.match(get("/"))).isEqualTo(-1);
    assertThat(table.match(get("/?animal=%zz"))).as("not decodable").isEqualTo(-1);
  }

  @Test
  void matchesHostnamesWithWildcards() {
    RouteTable table = hosts("cart.shop", "*.example.com");
    assertThat(table.match(get("/"))).as("cart.shop:8080").isZero();
    assertThat(table.match(get("/").withTarget("A.example.com", "/"))).isZero();
    assertThat(table.match(get("/").withTarget("a.b.example.com:80", "/"))).isZero();
    assertThat(table.match(get("/").withTarget("example.com", "/"))).isEqualTo(-1);
    assertThat(table.match(get("/").withTarget("", "/"))).isEqualTo(-1);
    assertThat(RouteTable.host("[::1]:80")).isEqualTo("[::1]");
    assertThat(RouteTable.host("[::1]")).isEqualTo("[::1]");
  }

  private static boolean matches(PathMatch match, String path) {
    return table(any(match)).match(get(path)) == 0;
  }

  private static RequestHead get(String path) {
    return head("GET", path, true);
  }

  private static HttpMatch any(PathMatch path) {
    return new HttpMatch(path, "", List.of(), List.of());
  }

  private static RouteTable table(HttpMatch... matches) {
    List<HttpMatch> list = Arrays.asList(matches);
    return new RouteTable(
        list.stream().map(m -> Destinations.rule("r" + list.indexOf(m), m)).toList());
  }

  private static RouteTable hosts(String... hostnames) {
    return new RouteTable(
        List.of(
            new RouteRule(
                "r",
                List.of(hostnames),
                HttpMatch.ANY,
                List.of(),
                List.of(),
                Timeouts.NONE,
                Optional.empty())));
  }
}
