package io.refmesh.proxy.policy;

import static io.refmesh.proxy.scripted.TestLoop.head;
import static io.refmesh.proxy.scripted.TestLoop.meshed;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.Authorization.Action;
import io.refmesh.model.policy.Authorization.Header;
import io.refmesh.model.policy.Authorization.Network;
import io.refmesh.model.policy.Authorization.Rule;
import io.refmesh.model.policy.Authorization.Source;
import io.refmesh.model.policy.Authorization.Target;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.InboundPolicy.Default;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.testkit.acceptance.Acceptance;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuthorizerTest {

  private static final String WEB = "spiffe://cluster.local/ns/shop/sa/web";
  private static final Caller STRANGER =
      new Caller(new InetSocketAddress("10.9.9.9", 5000), Optional.empty(), false);
  private static final Rule ANYTHING = new Rule(List.of(), List.of());

  @ParameterizedTest
  @CsvSource({
    "all-unauthenticated, true, true, true",
    "all-authenticated, false, true, true",
    "cluster-authenticated, false, true, false",
    "deny, false, false, false",
    "audit, true, true, true"
  })
  void holdsTheDefaultWhereNoPolicySelects(
      String policy, boolean stranger, boolean own, boolean foreign) {
    Authorizer authorizer = authorizer(Default.parse(policy));
    assertThat(passes(authorizer, STRANGER)).isEqualTo(stranger);
    assertThat(passes(authorizer, meshed(WEB))).isEqualTo(own);
    assertThat(passes(authorizer, meshed("spiffe://other.example/ns/shop/sa/web")))
        .isEqualTo(foreign);
  }

  @Test
  void recordsWhatTheAuditDefaultLetsThrough() {
    assertThat(decide(authorizer(Default.AUDIT), STRANGER, "/"))
        .isEqualTo(new Decision.Audited("default:audit"));
  }

  @Test
  void holdsTheDefaultOnAPortThatThePolicyDoesNotKnow() {
    assertThat(authorizer(Default.DENY).connection(9999, meshed(WEB)))
        .isInstanceOf(Decision.Denied.class);
  }

  @Test
  void aPortThatNoPolicyKnowsIsClosedWhenPoliciesProtectOthers() {
    assertThat(authorizer(allow(from(WEB))).connection(9999, meshed(WEB)))
        .isInstanceOfSatisfying(
            Decision.Denied.class,
            denied -> assertThat(denied.policy()).isEqualTo(Authorizer.UNDECLARED_PORT));
    assertThat(authorizer().connection(9999, STRANGER)).isInstanceOf(Decision.Allowed.class);
    assertThat(
            authorizer(new Authorization("shop/audit", Action.AUDIT, List.of(ANYTHING)))
                .connection(9999, STRANGER))
        .isInstanceOf(Decision.Allowed.class);
  }

  @Test
  @Acceptance(113)
  void allowsExactAndPatternIdentities() {
    Authorizer exact = authorizer(allow(from(WEB)));
    assertThat(passes(exact, meshed(WEB))).isTrue();
    assertThat(passes(exact, meshed(WEB + "2"))).isFalse();
    assertThat(passes(exact, STRANGER)).isFalse();
    Authorizer pattern = authorizer(allow(from("spiffe://cluster.local/ns/shop/*")));
    assertThat(passes(pattern, meshed(WEB))).isTrue();
    assertThat(passes(pattern, meshed("spiffe://cluster.local/ns/ops/sa/web"))).isFalse();
    Authorizer everyIdentity = authorizer(allow(from("*")));
    assertThat(passes(everyIdentity, STRANGER)).as("a star is any identity, not none").isFalse();
  }

  @Test
  void namesThePoliciesThatDidNotAllow() {
    Decision decision =
        decide(
            authorizer(allow(from(WEB))), meshed("spiffe://cluster.local/ns/shop/sa/batch"), "/");
    assertThat(decision)
        .isInstanceOfSatisfying(
            Decision.Denied.class,
            denied -> {
              assertThat(denied.policy()).isEqualTo(Authorizer.NO_ALLOW);
              assertThat(denied.reason()).contains("shop/allow").contains("sa/batch");
            });
  }

  @Test
  void refusesEverythingUnderAnAllowWithoutRules() {
    assertThat(passes(authorizer(new Authorization("a", Action.ALLOW, List.of())), meshed(WEB)))
        .isFalse();
  }

  @Test
  void letsDenyWinOverAllow() {
    Authorizer authorizer =
        authorizer(
            allow(ANYTHING), new Authorization("shop/no-web", Action.DENY, List.of(from(WEB))));
    assertThat(decide(authorizer, meshed(WEB), "/"))
        .isInstanceOfSatisfying(
            Decision.Denied.class, denied -> assertThat(denied.policy()).isEqualTo("shop/no-web"));
    assertThat(passes(authorizer, STRANGER)).isTrue();
  }

  @Test
  @Acceptance(118)
  void letsAuditRecordWithoutDeciding() {
    Authorization audit = new Authorization("shop/audit", Action.AUDIT, List.of(ANYTHING));
    assertThat(decide(authorizer(audit), STRANGER, "/"))
        .isEqualTo(new Decision.Audited("shop/audit"));
    assertThat(passes(authorizer(audit, allow(from(WEB))), STRANGER)).isFalse();
  }

  @Test
  void selectsAPortOnlyWhenARuleIsAboutIt() {
    Authorization other =
        allow(
            new Rule(
                List.of(), List.of(new Target(List.of(9090), List.of(), List.of(), List.of()))));
    assertThat(passes(authorizer(other), STRANGER)).as("the default holds").isTrue();
  }

  @Test
  @Acceptance(114)
  void needsEveryPartOfASourceAndAnySource() {
    Source webFromTen = new Source(List.of(WEB), List.of(new Network("10.0.0.0/8", List.of())));
    Authorizer both = authorizer(allow(new Rule(List.of(webFromTen), List.of())));
    assertThat(passes(both, meshed(WEB))).isTrue();
    assertThat(passes(both, STRANGER)).isFalse();
    Authorizer either =
        authorizer(
            allow(
                new Rule(
                    List.of(
                        new Source(List.of(WEB), List.of()),
                        new Source(List.of(), List.of(new Network("10.9.0.0/16", List.of())))),
                    List.of())));
    assertThat(passes(either, STRANGER)).isTrue();
  }

  @Test
  void leavesExceptionsOutOfANetwork() {
    Authorizer authorizer = authorizer(allow(network("10.0.0.0/8", "10.9.0.0/16")));
    assertThat(passes(authorizer, STRANGER)).isFalse();
    assertThat(passes(authorizer, meshed(WEB))).as("10.1.2.3").isTrue();
  }

  @Test
  void refusesInDoubtWhenANetworkCannotBeRead() {
    assertThat(passes(authorizer(allow(network("10.0.0.0/99"))), STRANGER)).isFalse();
    assertThat(passes(authorizer(allow(network("10.0.0.0/8", "nonsense"))), STRANGER)).isFalse();
    assertThat(passes(authorizer(deny(network("nonsense"))), STRANGER)).isFalse();
    assertThat(passes(authorizer(deny(network("10.0.0.0/8", "nonsense"))), STRANGER)).isFalse();
  }

  @Test
  void matchesMethodsAndPaths() {
    Authorizer authorizer =
        authorizer(allow(to(List.of("GET"), List.of("/items", "/items/*"), List.of())));
    assertThat(passes(authorizer, "GET", "/items")).isTrue();
    assertThat(passes(authorizer, "GET", "/items?x=1")).isTrue();
    assertThat(passes(authorizer, "GET", "/items/7")).isTrue();
    assertThat(passes(authorizer, "GET", "/items2")).isFalse();
    assertThat(passes(authorizer, "POST", "/items")).isFalse();
    assertThat(passes(authorizer, "GET", "/%69tems")).as("an escaped i").isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/admin",
        "/admin/x",
        "/%61dmin",
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/./admin",
        "//admin",
        "/public/..%2fadmin",
        "/admin;x=1",
        "/public\\..\\admin",
        "/admin%00",
        "/%zz",
        "/../admin",
        "admin"
      })
  void doesNotLetADenyBeDodgedByAnotherSpelling(String path) {
    Authorizer authorizer =
        authorizer(deny(to(List.of(), List.of("/admin", "/admin/*"), List.of())));
    assertThat(passes(authorizer, "GET", path)).isFalse();
    assertThat(passes(authorizer, "GET", "/public/x.html")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/items/../admin", "/items/..%2fadmin", "/items//x", "/items/%2e%2e/x"})
  void doesNotLetAnAllowBeWidenedByAnotherSpelling(String path) {
    Authorizer authorizer = authorizer(allow(to(List.of(), List.of("/items/*"), List.of())));
    assertThat(passes(authorizer, "GET", path)).isFalse();
  }

  @Test
  void doesNotMindOddPathsWhereNoRuleNamesPaths() {
    assertThat(passes(authorizer(allow(ANYTHING)), "GET", "/a%2fb//c;d")).isTrue();
  }

  @Test
  void refusesInDoubtWhenAHeaderIsGivenTwice() {
    Rule rule = to(List.of(), List.of(), List.of(new Header("x-tenant", "a")));
    RequestHead both = head("GET", "/", true, "x-tenant", "a", "x-tenant", "b");
    RequestHead one = head("GET", "/", true, "x-tenant", "a");
    assertThat(authorizer(allow(rule)).request(8080, STRANGER, one))
        .isInstanceOf(Decision.Allowed.class);
    assertThat(authorizer(allow(rule)).request(8080, STRANGER, both))
        .isInstanceOf(Decision.Denied.class);
    assertThat(authorizer(deny(rule)).request(8080, STRANGER, both))
        .isInstanceOf(Decision.Denied.class);
  }

  @Test
  void neverMatchesPlainTcpWithARuleThatNeedsHttp() {
    Rule needsHttp = to(List.of("GET"), List.of(), List.of());
    assertThat(opaque(AppProtocol.OPAQUE, allow(needsHttp))).isInstanceOf(Decision.Denied.class);
    assertThat(opaque(AppProtocol.DETECT, allow(needsHttp))).isInstanceOf(Decision.Denied.class);
    assertThat(opaque(AppProtocol.OPAQUE, deny(needsHttp))).isInstanceOf(Decision.Allowed.class);
    assertThat(opaque(AppProtocol.OPAQUE, allow(from("*")))).isInstanceOf(Decision.Denied.class);
    assertThat(opaque(AppProtocol.OPAQUE, allow(network("10.0.0.0/8"))))
        .isInstanceOf(Decision.Allowed.class);
  }

  @Test
  void doesNotLetHttpBeDisguisedAsTcpToDodgeADeny() {
    Rule needsHttp = to(List.of(), List.of("/admin"), List.of());
    assertThat(opaque(AppProtocol.HTTP, deny(needsHttp))).isInstanceOf(Decision.Denied.class);
    assertThat(opaque(AppProtocol.DETECT, deny(needsHttp))).isInstanceOf(Decision.Denied.class);
  }

  @Test
  void letsTheKubeletAskForHealthByExactPathAlone() {
    Authorizer authorizer =
        new Authorizer(
            new InboundPolicy(
                Default.DENY,
                "cluster.local",
                List.of(
                    new InboundPolicy.Port(
                        8080, AppProtocol.HTTP, "shop/cart", List.of(deny(ANYTHING)))),
                List.of(
                    new InboundPolicy.Probe(8080, "/ready?deep=1"),
                    new InboundPolicy.Probe(9090, "/grpc.health.v1.Health/Check"))));

    assertThat(decide(authorizer, STRANGER, "/ready?deep=1"))
        .isEqualTo(new Decision.Allowed(Authorizer.PROBE));
    assertThat(
            authorizer.request(9090, STRANGER, head("POST", "/grpc.health.v1.Health/Check", true)))
        .as("on a port that no policy knows")
        .isEqualTo(new Decision.Allowed(Authorizer.PROBE));
    for (String other : List.of("/ready", "/ready?deep=2", "/x/../ready?deep=1", "/READY?deep=1")) {
      assertThat(decide(authorizer, STRANGER, other)).isInstanceOf(Decision.Denied.class);
    }
    assertThat(authorizer.request(8080, STRANGER, head("POST", "/ready?deep=1", true)))
        .isInstanceOf(Decision.Denied.class);
    assertThat(authorizer.request(9090, STRANGER, head("GET", "/ready?deep=1", true)))
        .as("another port")
        .isInstanceOf(Decision.Denied.class);
    assertThat(decide(authorizer, meshed(WEB), "/ready?deep=1"))
        .as("whoever has an identity is judged by it")
        .isInstanceOf(Decision.Denied.class);
  }

  private static Decision opaque(AppProtocol protocol, Authorization authorization) {
    return new Authorizer(
            new InboundPolicy(
                Default.ALL_UNAUTHENTICATED,
                "cluster.local",
                List.of(
                    new InboundPolicy.Port(8080, protocol, "shop/cart", List.of(authorization)))))
        .connection(8080, STRANGER);
  }

  private static Authorizer authorizer(Authorization... authorizations) {
    return authorizer(Default.ALL_UNAUTHENTICATED, authorizations);
  }

  private static Authorizer authorizer(Default policy, Authorization... authorizations) {
    return new Authorizer(
        new InboundPolicy(
            policy,
            "cluster.local",
            List.of(
                new InboundPolicy.Port(
                    8080, AppProtocol.HTTP, "shop/cart", List.of(authorizations)))));
  }

  private static Authorization allow(Rule rule) {
    return new Authorization("shop/allow", Action.ALLOW, List.of(rule));
  }

  private static Authorization deny(Rule rule) {
    return new Authorization("shop/deny", Action.DENY, List.of(rule));
  }

  private static Rule from(String identity) {
    return new Rule(List.of(new Source(List.of(identity), List.of())), List.of());
  }

  private static Rule network(String cidr, String... except) {
    return new Rule(
        List.of(new Source(List.of(), List.of(new Network(cidr, List.of(except))))), List.of());
  }

  private static Rule to(List<String> methods, List<String> paths, List<Header> headers) {
    return new Rule(List.of(), List.of(new Target(List.of(8080), methods, paths, headers)));
  }

  private static Decision decide(Authorizer authorizer, Caller caller, String path) {
    return authorizer.request(8080, caller, head("GET", path, true));
  }

  private static boolean passes(Authorizer authorizer, Caller caller) {
    return !(decide(authorizer, caller, "/") instanceof Decision.Denied);
  }

  private static boolean passes(Authorizer authorizer, String method, String path) {
    return !(authorizer.request(8080, STRANGER, head(method, path, true))
        instanceof Decision.Denied);
  }
}
