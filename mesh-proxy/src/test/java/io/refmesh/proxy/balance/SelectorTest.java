package io.refmesh.proxy.balance;

import static io.refmesh.proxy.scripted.Destinations.backend;
import static io.refmesh.proxy.scripted.Destinations.endpoint;
import static io.refmesh.proxy.scripted.Destinations.endpoints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.BackendSettings.Algorithm;
import io.refmesh.proxy.endpoint.Attempt;
import io.refmesh.proxy.endpoint.BackendEndpoints;
import io.refmesh.proxy.endpoint.Endpoint;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.scripted.Destinations;
import io.refmesh.proxy.scripted.ScriptedUpstreams;
import io.refmesh.proxy.scripted.TestLoop;
import io.refmesh.testkit.acceptance.Acceptance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SelectorTest {

  private static final Outcome OK = new Outcome.Answered(200, -1);
  private static final Outcome BAD = new Outcome.Answered(500, -1);

  private final TestLoop loop = new TestLoop();
  private final EndpointRegistry registry =
      new EndpointRegistry(
          loop.ticker, loop.random, new ScriptedUpstreams(), loop.metrics, "a", "");
  private BackendEndpoints leased = registry.lease(backend(List.of()));

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void neverPicksAnEjectedEndpointWhileAnotherAdmits(Algorithm algorithm) {
    Selector selector = selector(settings(algorithm, Duration.ZERO), endpoints(4));
    failUntilEjected(2);
    for (int key = 0; key < 500; key++) {
      Attempt attempt = chosen(selector, key, null);
      assertThat(attempt.endpoint().spec().replica()).isNotEqualTo(2);
      attempt.end(OK, loop.nanos());
    }
  }

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void prefersAnotherEndpointThanTheOneToAvoid(Algorithm algorithm) {
    Selector selector = selector(settings(algorithm, Duration.ZERO), endpoints(2));
    for (int key = 0; key < 100; key++) {
      Attempt attempt = chosen(selector, key, endpoint(1));
      assertThat(attempt.endpoint().spec().replica()).isZero();
      attempt.end(OK, loop.nanos());
    }
  }

  @Test
  void takesTheOneToAvoidWhenThereIsNoOther() {
    Selector selector = selector(settings(Algorithm.PEAK_EWMA, Duration.ZERO), endpoints(1));
    assertThat(chosen(selector, 0, endpoint(0)).endpoint().spec().replica()).isZero();
  }

  @Test
  @Acceptance(68)
  void sendsOneProbePerBackOffAndNoRetryAsProbe() {
    Selector selector = selector(settings(Algorithm.PEAK_EWMA, Duration.ZERO), endpoints(2));
    failUntilEjected(1);
    loop.advance(Duration.ofMillis(1600));

    Attempt retry = chosen(selector, 0, endpoint(0));
    assertThat(retry.probe()).as("only endpoint 0 admits, so the retry goes there").isFalse();
    Attempt probe = chosen(selector, 0, null);
    assertThat(probe.probe()).isTrue();
    assertThat(probe.endpoint().spec().replica()).isEqualTo(1);
    assertThat(chosen(selector, 0, null).endpoint().spec().replica()).isZero();
    probe.end(BAD, loop.nanos());
    assertThat(chosen(selector, 0, null).probe()).as("the back-off has begun again").isFalse();
  }

  @Test
  void saysWhenAllAreEjected() {
    BackendSettings settings =
        Destinations.ejection(
            new BackendSettings.Ejection(
                1,
                0,
                Duration.ofSeconds(10),
                5,
                Duration.ofSeconds(1),
                Duration.ofSeconds(60),
                0,
                100));
    Selector selector = selector(settings, endpoints(2));
    chosen(selector, 0, null).end(BAD, loop.nanos());
    chosen(selector, 0, null).end(BAD, loop.nanos());
    assertThat(selector.select(0, null, "", loop.nanos())).isEqualTo(new Selection.AllEjected(2));
    loop.advance(Duration.ofSeconds(1));
    assertThat(chosen(selector, 0, null).probe()).isTrue();
    assertThat(chosen(selector, 0, endpoint(5)).probe())
        .as("a retry may be a probe when nothing else is left")
        .isTrue();
  }

  @Test
  void tellsNoEndpointsFromNoneReady() {
    Selector none = selector(BackendSettings.DEFAULT, List.of());
    assertThat(none.select(0, null, "", loop.nanos())).isEqualTo(new Selection.NoEndpoints());
    Selector unready = selector(BackendSettings.DEFAULT, List.of(endpoint(0, "", 1, false)));
    assertThat(unready.select(0, null, "", loop.nanos())).isEqualTo(new Selection.NoneReady());
  }

  @Test
  void avoidsASlowEndpoint() {
    Selector selector = selector(settings(Algorithm.PEAK_EWMA, Duration.ZERO), endpoints(2));
    Map<Integer, Integer> counts = new HashMap<>();
    for (int i = 0; i < 600; i++) {
      Attempt attempt = chosen(selector, 0, null);
      int replica = attempt.endpoint().spec().replica();
      counts.merge(replica, 1, Integer::sum);
      long took = Duration.ofMillis(replica == 0 ? 10 : 500).toNanos();
      loop.advance(Duration.ofMillis(100));
      attempt.head(false, loop.nanos() - Duration.ofMillis(100).toNanos() + took);
      attempt.end(OK, loop.nanos());
    }
    assertThat(counts.get(0)).isGreaterThan(570);
  }

  @Test
  void dividesByPendingRequests() {
    Selector selector = selector(settings(Algorithm.LEAST_REQUEST, Duration.ZERO), endpoints(2));
    List<Attempt> pending = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      pending.add(chosen(selector, 0, null));
    }
    assertThat(counts(pending).get(0)).isCloseTo(50, within(1));
  }

  @Test
  void takesTurnsInRoundRobin() {
    Selector selector = selector(settings(Algorithm.ROUND_ROBIN, Duration.ZERO), endpoints(3));
    List<Attempt> attempts = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      attempts.add(chosen(selector, 0, null));
    }
    assertThat(counts(attempts)).containsEntry(0, 10).containsEntry(1, 10).containsEntry(2, 10);
  }

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void followsWeights(Algorithm algorithm) {
    Selector selector =
        selector(
            settings(algorithm, Duration.ZERO),
            List.of(endpoint(0, "", 1, true), endpoint(1, "", 3, true)));
    int heavy = 0;
    for (int key = 0; key < 4000; key++) {
      Attempt attempt = chosen(selector, Rendezvous.mixed(key), null);
      heavy += attempt.endpoint().spec().replica();
      attempt.end(OK, loop.nanos());
    }
    assertThat(heavy).isCloseTo(3000, within(120));
  }

  @Test
  void letsANewEndpointStartSlowly() {
    BackendSettings settings = settings(Algorithm.PEAK_EWMA, Duration.ofSeconds(10));
    Selector selector = selector(settings, endpoints(3));
    loop.advance(Duration.ofMinutes(1));
    registry.lease(backend(endpoints(4), settings));
    assertThat(shareOf(3, selector)).isLessThan(0.06);
    loop.advance(Duration.ofSeconds(10));
    assertThat(shareOf(3, selector)).isGreaterThan(0.2);
  }

  @Test
  void sendsTheSameKeyToTheSameEndpointAndMovesFewKeysWhenOneLeaves() {
    BackendSettings settings = settings(Algorithm.RING_HASH, Duration.ZERO);
    Selector selector = selector(settings, endpoints(5));
    int[] before = new int[1000];
    for (int key = 0; key < 1000; key++) {
      before[key] = replica(selector, Rendezvous.key("user-" + key));
      assertThat(replica(selector, Rendezvous.key("user-" + key))).isEqualTo(before[key]);
    }
    registry.lease(backend(endpoints(4), settings));
    int moved = 0;
    for (int key = 0; key < 1000; key++) {
      int now = replica(selector, Rendezvous.key("user-" + key));
      if (now != before[key]) {
        moved++;
        assertThat(before[key]).as("only keys of the endpoint that left move").isEqualTo(4);
      }
    }
    assertThat(moved).isBetween(130, 270);
  }

  @Test
  @Acceptance(59)
  void staysInItsZoneWhileThatCarriesTheLoad() {
    Selector selector = selector(BackendSettings.DEFAULT, inZones());
    for (int i = 0; i < 200; i++) {
      Attempt attempt = chosen(selector, 0, null);
      assertThat(attempt.endpoint().spec().zone()).isEqualTo("a");
      loop.advance(Duration.ofMillis(5));
      attempt.head(false, loop.nanos());
      attempt.end(OK, loop.nanos());
    }
  }

  @Test
  void spillsOverToOtherZonesWhenTheOwnIsOverloaded() {
    Selector selector = selector(BackendSettings.DEFAULT, inZones());
    List<Attempt> pending = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      pending.add(chosen(selector, 0, null));
    }
    long remote = pending.stream().filter(a -> a.endpoint().spec().zone().equals("b")).count();
    assertThat(remote).isBetween(20L, 50L);
  }

  @Test
  void sendsTheShareThatTheOwnZoneCannotCarryElsewhere() {
    List<EndpointSpec> oneAway =
        List.of(
            endpoint(0, "a", 1, true),
            endpoint(1, "a", 1, false),
            endpoint(2, "b", 1, true),
            endpoint(3, "b", 1, true));
    Selector selector = selector(BackendSettings.DEFAULT, oneAway);
    assertThat(shareOf(0, selector))
        .as("one of two there, 1.4 times its part")
        .isCloseTo(0.7, within(0.04));

    selector = selector(BackendSettings.DEFAULT, inZones());
    failUntilEjected(1);
    assertThat(shareOf(0, selector)).isCloseTo(0.7, within(0.04));
  }

  @Test
  void carriesTheLoadOfAFewThatAreAwayInItsZone() {
    List<EndpointSpec> oneOfFourAway =
        List.of(
            endpoint(0, "a", 1, true),
            endpoint(1, "a", 1, true),
            endpoint(2, "a", 1, true),
            endpoint(3, "a", 1, false),
            endpoint(4, "b", 1, true));
    Selector selector = selector(BackendSettings.DEFAULT, oneOfFourAway);
    assertThat(shareOf(4, selector)).as("3/4 of 1.4 is enough").isZero();
  }

  @Test
  void leavesItsZoneWhenThatIsEjected() {
    Selector selector = selector(BackendSettings.DEFAULT, inZones());
    for (Endpoint local : leased.current().local()) {
      for (int failure = 0; failure < 7; failure++) {
        local.begin(false, "", loop.nanos()).end(BAD, loop.nanos());
      }
    }
    assertThat(chosen(selector, 0, null).endpoint().spec().zone()).isEqualTo("b");
  }

  private static List<EndpointSpec> inZones() {
    return List.of(
        endpoint(0, "a", 1, true),
        endpoint(1, "a", 1, true),
        endpoint(2, "b", 1, true),
        endpoint(3, "b", 1, true));
  }

  private double shareOf(int replica, Selector selector) {
    int hits = 0;
    for (int i = 0; i < 2000; i++) {
      Attempt attempt = chosen(selector, 0, null);
      hits += attempt.endpoint().spec().replica() == replica ? 1 : 0;
      attempt.head(false, loop.nanos() + Duration.ofMillis(30).toNanos());
      attempt.end(OK, loop.nanos());
    }
    return hits / 2000.0;
  }

  private void failUntilEjected(int replica) {
    for (int failure = 0; failure < 7; failure++) {
      leased.current().ready().get(replica).begin(false, "", loop.nanos()).end(BAD, loop.nanos());
    }
    assertThat(leased.ejected()).isEqualTo(1);
  }

  private int replica(Selector selector, long key) {
    Attempt attempt = chosen(selector, key, null);
    attempt.end(OK, loop.nanos());
    return attempt.endpoint().spec().replica();
  }

  private Attempt chosen(Selector selector, long key, @Nullable EndpointSpec avoid) {
    Selection selection = selector.select(key, avoid, "", loop.nanos());
    if (selection instanceof Selection.Chosen(Attempt attempt)) {
      return attempt;
    }
    throw new AssertionError("nothing was chosen: " + selection);
  }

  private static Map<Integer, Integer> counts(List<Attempt> attempts) {
    Map<Integer, Integer> counts = new HashMap<>();
    attempts.forEach(a -> counts.merge(a.endpoint().spec().replica(), 1, Integer::sum));
    return counts;
  }

  private Selector selector(BackendSettings settings, List<EndpointSpec> endpoints) {
    leased = registry.lease(backend(endpoints, settings));
    return new Selector(leased, settings.balancer(), loop.random);
  }

  private static BackendSettings settings(Algorithm algorithm, Duration slowStart) {
    return Destinations.balancer(
        new BackendSettings.Balancer(
            algorithm, new BackendSettings.Hash.Source(), slowStart, true));
  }
}
