package io.refmesh.proxy.endpoint;

import static io.refmesh.proxy.scripted.Destinations.CART;
import static io.refmesh.proxy.scripted.Destinations.backend;
import static io.refmesh.proxy.scripted.Destinations.endpoint;
import static io.refmesh.proxy.scripted.Destinations.endpoints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.scripted.ScriptedUpstreams;
import io.refmesh.proxy.scripted.TestLoop;
import io.refmesh.testkit.acceptance.Acceptance;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EndpointRegistryTest {

  private final TestLoop loop = new TestLoop();
  private final ScriptedUpstreams upstreams = new ScriptedUpstreams();
  private final EndpointRegistry registry =
      new EndpointRegistry(loop.ticker, loop.random, upstreams, loop.metrics, "a", "");

  @Test
  void keepsWhatIsLearnedWhenANewVersionComes() {
    BackendEndpoints first = registry.lease(backend(endpoints(2)));
    Endpoint before = first.current().ready().getFirst();
    before.begin(false, "", loop.nanos());
    EndpointSpec heavier = endpoint(0, "b", 5, true);

    BackendEndpoints second = registry.lease(backend(List.of(heavier, endpoint(2))));

    Endpoint after = second.current().ready().getFirst();
    assertThat(second).isSameAs(first);
    assertThat(after.spec()).isEqualTo(heavier);
    assertThat(after.health()).isSameAs(before.health());
    assertThat(after.load().pending()).isEqualTo(1);
    assertThat(after.upstream(loop.loop())).isSameAs(before.upstream(loop.loop()));
  }

  @Test
  void forgetsAnEndpointThatComesBackWithAnotherIdentity() {
    BackendEndpoints endpoints = registry.lease(backend(endpoints(1)));
    Endpoint before = endpoints.current().ready().getFirst();
    EndpointSpec plain = endpoint(0);
    EndpointSpec meshed =
        new EndpointSpec(
            plain.address(),
            plain.dial(),
            Optional.of(SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart")),
            "",
            1,
            true,
            plain.workload(),
            0);
    registry.lease(backend(List.of(meshed)));
    Endpoint after = endpoints.current().ready().getFirst();
    assertThat(after.health()).isNotSameAs(before.health());
    assertThat(after.upstream(loop.loop())).isNotSameAs(before.upstream(loop.loop()));
  }

  @Test
  void theOwnApplicationIsCalledWithoutTlsWhereNoSidecarIsBetween() {
    SpiffeId cart = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart");
    EndpointSpec own = meshed(endpoint(0), endpoint(0).dial(), cart);
    EndpointSpec other = meshed(endpoint(1), endpoint(1).dial(), cart);
    EndpointSpec detour = meshed(endpoint(2), new HostPort("127.0.0.1", 8666), cart);
    EndpointRegistry captured =
        new EndpointRegistry(
            loop.ticker, loop.random, upstreams, loop.metrics, "", own.address().host());
    assertThat(other.address().host()).isNotEqualTo(own.address().host());

    BackendEndpoints endpoints = captured.lease(backend(List.of(own, other, detour)));

    assertThat(endpoints.current().ready())
        .extracting(endpoint -> endpoint.spec().identity())
        .containsExactly(Optional.empty(), Optional.of(cart), Optional.of(cart));
    assertThat(registry.lease(backend(List.of(own))).current().ready())
        .as("where every connection comes back to a sidecar")
        .extracting(endpoint -> endpoint.spec().identity())
        .containsExactly(Optional.of(cart));
  }

  private static EndpointSpec meshed(EndpointSpec plain, HostPort dial, SpiffeId identity) {
    return new EndpointSpec(
        plain.address(),
        dial,
        Optional.of(identity),
        plain.zone(),
        plain.weight(),
        plain.ready(),
        plain.workload(),
        plain.replica());
  }

  @Test
  void connectsAnewButKeepsTheHealthWhenADetourLeadsElsewhere() {
    BackendEndpoints endpoints = registry.lease(backend(endpoints(1)));
    Endpoint before = endpoints.current().ready().getFirst();
    before.upstream(loop.loop());
    EndpointSpec plain = endpoint(0);
    EndpointSpec detour =
        new EndpointSpec(
            plain.address(),
            new HostPort("127.0.0.1", 8666),
            plain.identity(),
            "",
            1,
            true,
            plain.workload(),
            0);
    registry.lease(backend(List.of(detour)));
    Endpoint after = endpoints.current().ready().getFirst();
    after.upstream(loop.loop());
    loop.run();

    assertThat(after.health()).isSameAs(before.health());
    assertThat(upstreams.opened).containsExactly(plain, detour);
    assertThat(upstreams.closed).containsExactly(plain);
  }

  @Test
  void closesTheConnectionsOfAnEndpointThatIsGone() {
    BackendEndpoints endpoints = registry.lease(backend(endpoints(2)));
    Endpoint gone = endpoints.current().ready().get(1);
    gone.upstream(loop.loop());
    registry.lease(backend(endpoints(1)));
    assertThat(upstreams.closed).as("on its loop, not here").isEmpty();
    loop.run();
    assertThat(upstreams.closed).containsExactly(endpoint(1));
  }

  @Test
  void closesAnUpstreamThatIsOpenedAfterTheEndpointIsGone() {
    BackendEndpoints endpoints = registry.lease(backend(endpoints(2)));
    Endpoint gone = endpoints.current().ready().get(1);
    registry.lease(backend(endpoints(1)));
    gone.upstream(loop.loop());
    loop.run();
    assertThat(upstreams.closed).containsExactly(endpoint(1));
  }

  @Test
  void keepsABackendAsLongAsSomebodyLeasesIt() {
    BackendEndpoints first = registry.lease(backend(endpoints(2)));
    BackendEndpoints second = registry.lease(backend(endpoints(2)));
    registry.release(first);
    assertThat(registry.snapshot()).hasSize(2);
    registry.release(second);
    assertThat(registry.snapshot()).isEmpty();
    assertThat(first.current().all()).isEmpty();
    assertThatIllegalStateException().isThrownBy(() -> registry.release(first));
  }

  @Test
  void readmitsTheLongestEjectedWhenTooFewAreLeft() {
    BackendEndpoints endpoints = registry.lease(backend(endpoints(4)));
    for (int i = 0; i < 2; i++) {
      loop.advanceMillis(10);
      for (int failure = 0; failure < 7; failure++) {
        Endpoint endpoint = endpoints.current().ready().get(i);
        endpoint.begin(false, "", loop.nanos()).end(new Outcome.Answered(500, -1), loop.nanos());
      }
    }
    assertThat(endpoints.ejected()).isEqualTo(2);

    registry.lease(backend(endpoints(2)));

    assertThat(endpoints.ejected()).isEqualTo(1);
    assertThat(endpoints.current().ready().get(0).health().admits()).isTrue();
    assertThat(endpoints.current().ready().get(1).health().admits()).isFalse();
  }

  @Test
  void readmitsAnEndpointThatDiscoveryCallsReadyAgain() {
    BackendEndpoints endpoints = registry.lease(backend(endpoints(4)));
    for (int failure = 0; failure < 7; failure++) {
      endpoints
          .current()
          .ready()
          .getFirst()
          .begin(false, "", loop.nanos())
          .end(new Outcome.Answered(500, -1), loop.nanos());
    }
    List<EndpointSpec> restarting =
        List.of(endpoint(0, "", 1, false), endpoint(1), endpoint(2), endpoint(3));
    registry.lease(backend(restarting));
    assertThat(endpoints.ejected()).isEqualTo(1);
    registry.lease(backend(endpoints(4)));
    assertThat(endpoints.ejected()).isZero();
  }

  @Test
  @Acceptance(76)
  void showsStateReasonAndNextProbe() {
    BackendEndpoints endpoints = registry.lease(backend(endpoints(2)));
    for (int failure = 0; failure < 7; failure++) {
      endpoints
          .current()
          .ready()
          .getFirst()
          .begin(false, "", loop.nanos())
          .end(new Outcome.Answered(500, -1), loop.nanos());
    }
    EndpointRegistry.EndpointSnapshot snapshot = registry.snapshot().getFirst();
    assertThat(snapshot.backend()).isEqualTo(CART);
    assertThat(snapshot.health().state().text()).isEqualTo("ejected");
    assertThat(snapshot.health().reason()).isEqualTo("7 consecutive failures");
    assertThat(snapshot.health().nextProbe()).isPresent();
  }

  @Test
  void leavesOutWhatIsNotReadyOrWeighsNothing() {
    BackendEndpoints endpoints =
        registry.lease(
            backend(List.of(endpoint(0, "", 1, false), endpoint(1, "", 0, true), endpoint(2))));
    assertThat(endpoints.current().ready()).extracting(e -> e.spec().replica()).containsExactly(2);
    registry.lease(backend(List.of(endpoint(0, "", 0, true), endpoint(1, "", 0, true))));
    assertThat(endpoints.current().ready()).as("all weigh nothing: all are equal").hasSize(2);
  }

  @Test
  @Acceptance(59)
  void mindsZonesOnlyWhenEveryEndpointHasOne() {
    BackendEndpoints endpoints =
        registry.lease(backend(List.of(endpoint(0, "a", 1, true), endpoint(1, "b", 1, true))));
    assertThat(endpoints.current().local()).extracting(e -> e.spec().replica()).containsExactly(0);
    registry.lease(backend(List.of(endpoint(0, "a", 1, true), endpoint(1, "", 1, true))));
    assertThat(endpoints.current().local()).isEmpty();
    registry.lease(backend(List.of(endpoint(0, "b", 1, true), endpoint(1, "c", 1, true))));
    assertThat(endpoints.current().local()).isEmpty();
    assertThat(endpoints.current().remote()).hasSize(2);
  }
}
