package io.refmesh.proxy.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Authorization.Network;
import io.refmesh.model.policy.Egress;
import io.refmesh.model.policy.Egress.Entry;
import java.util.List;
import org.junit.jupiter.api.Test;

class EgressRulesTest {

  private static final HostPort SOMEWHERE = new HostPort("203.0.113.5", 443);

  private final EgressRules rules =
      new EgressRules(
          new Egress(
              "shop/outside",
              false,
              List.of(
                  new Entry(
                      "shop/outside[0]",
                      List.of("api.example.com", "*.example.org"),
                      List.of(443),
                      List.of()),
                  new Entry(
                      "shop/outside[1]",
                      List.of(),
                      List.of(),
                      List.of(new Network("192.0.2.0/24", List.of("192.0.2.7/32")))),
                  new Entry("shop/outside[2]", List.of(), List.of(123), List.of()),
                  new Entry(
                      "shop/outside[3]",
                      List.of("db.example.net"),
                      List.of(),
                      List.of(new Network("198.51.100.0/24", List.of()))))));

  @Test
  void allowsByNameOnThePortsNamed() {
    assertThat(rules.decide("api.example.com", SOMEWHERE)).isEqualTo(allowed(0));
    assertThat(rules.decide("API.Example.com.:443", SOMEWHERE)).isEqualTo(allowed(0));
    assertThat(rules.decide("a.b.example.org", SOMEWHERE)).isEqualTo(allowed(0));
    assertThat(rules.decide("api.example.com", new HostPort("203.0.113.5", 80))).is(denied());
  }

  @Test
  void takesAWildcardForNamesBelowOnly() {
    for (String name :
        List.of("example.org", ".example.org", "badexample.org", "example.org.evil.com", "")) {
      assertThat(rules.decide(name, SOMEWHERE)).as(name).is(denied());
    }
  }

  @Test
  void allowsByNetworkAndPortWhateverIsSpoken() {
    assertThat(rules.anyway(new HostPort("192.0.2.1", 5432))).contains(allowed(1));
    assertThat(rules.anyway(new HostPort("192.0.2.7", 5432))).isEmpty();
    assertThat(rules.anyway(new HostPort("203.0.113.5", 123))).contains(allowed(2));
    assertThat(rules.anyway(SOMEWHERE)).as("the name decides").isEmpty();
    assertThat(rules.anyway(new HostPort("::ffff:192.0.2.1", 80)))
        .as("IPv4 mapped into IPv6")
        .contains(allowed(1));
  }

  @Test
  void asksForNameAndNetworkWhereBothAreNamed() {
    assertThat(rules.decide("db.example.net", new HostPort("198.51.100.9", 5432)))
        .isEqualTo(allowed(3));
    assertThat(rules.decide("db.example.net", SOMEWHERE)).is(denied());
    assertThat(rules.decide("", new HostPort("198.51.100.9", 5432))).is(denied());
  }

  @Test
  void allowsNoNetworkForAnAddressThatItCannotRead() {
    assertThat(rules.anyway(new HostPort("db.example.net", 5432))).isEmpty();
  }

  @Test
  void saysWhatWasCalledAndWhichPolicyForbidsIt() {
    assertThat(rules.decide("evil.example.com:443", SOMEWHERE))
        .isEqualTo(
            new Decision.Denied(
                "shop/outside",
                "evil.example.com (203.0.113.5:443) is none of the 4 places outside the mesh that"
                    + " may be called"));
  }

  @Test
  void allowsTheRestWhereThePolicySaysSo() {
    EgressRules open = new EgressRules(new Egress("shop/open", true, List.of()));
    assertThat(open.anyway(SOMEWHERE)).contains(new Decision.Allowed("shop/open"));
    EgressRules shut = new EgressRules(new Egress("shop/shut", false, List.of()));
    assertThat(shut.anyway(SOMEWHERE)).isEmpty();
    assertThat(shut.decide("api.example.com", SOMEWHERE)).is(denied());
  }

  private static Decision.Allowed allowed(int entry) {
    return new Decision.Allowed("shop/outside[" + entry + "]");
  }

  private static org.assertj.core.api.Condition<Decision> denied() {
    return new org.assertj.core.api.Condition<>(Decision.Denied.class::isInstance, "denied");
  }
}
