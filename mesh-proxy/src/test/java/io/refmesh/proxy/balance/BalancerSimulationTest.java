package io.refmesh.proxy.balance;

import static io.refmesh.proxy.scripted.Destinations.backend;
import static io.refmesh.proxy.scripted.Destinations.endpoint;
import static io.refmesh.proxy.scripted.Destinations.endpoints;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.BackendSettings.Algorithm;
import io.refmesh.model.policy.BackendSettings.Hash;
import io.refmesh.proxy.endpoint.BackendEndpoints;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.scripted.Destinations;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedUpstreams;
import io.refmesh.proxy.scripted.TestLoop;
import io.refmesh.testkit.acceptance.Acceptance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole balancers over endpoints that take their time, on a clock moved by hand. */
class BalancerSimulationTest {

  private final TestLoop loop = new TestLoop(11);
  private final ScriptedUpstreams upstreams = new ScriptedUpstreams();
  private final EndpointRegistry registry =
      new EndpointRegistry(loop.ticker, loop.random, upstreams, loop.metrics, "", "");

  @Test
  @Acceptance(57)
  void sendsAlmostEverythingToTheEndpointThatAnswersFiftyTimesFaster() {
    upstreams.replica(0, (e, reply) -> later(10, e, reply));
    upstreams.replica(1, (e, reply) -> later(500, e, reply));
    Balancer balancer = balancer(endpoints(2), BackendSettings.DEFAULT);

    drive(balancer, 600, 100);

    assertThat(upstreams.calls(0) / 600.0).as("share of the fast one").isGreaterThanOrEqualTo(0.95);
  }

  @Test
  void neverLeavesASlowEndpointForGood() {
    upstreams.replica(0, (e, reply) -> later(10, e, reply));
    upstreams.replica(1, (e, reply) -> later(500, e, reply));
    Balancer balancer = balancer(endpoints(2), BackendSettings.DEFAULT);
    drive(balancer, 600, 100);
    upstreams.replica(1, (e, reply) -> later(10, e, reply));
    drive(balancer, 900, 100);
    upstreams.called.clear();
    drive(balancer, 300, 100);
    assertThat(upstreams.calls(1)).as("it recovered").isGreaterThan(75);
  }

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void keepsToWeights(Algorithm algorithm) {
    upstreams.all((e, reply) -> later(5, e, reply));
    List<EndpointSpec> weighted =
        List.of(endpoint(0, "", 1, true), endpoint(1, "", 2, true), endpoint(2, "", 7, true));
    Balancer balancer =
        balancer(
            weighted,
            Destinations.balancer(
                new BackendSettings.Balancer(
                    algorithm, new Hash.Header("x-key"), Duration.ZERO, true)));
    int requests = 4000;
    for (int i = 0; i < requests; i++) {
      Exchange exchange = loop.get("/");
      exchange.request().headers().set("x-key", "key-" + i);
      balancer.handle(exchange, new RecordingReply());
      loop.advanceMillis(10);
    }
    double[] shares = {0.1, 0.2, 0.7};
    for (int replica = 0; replica < shares.length; replica++) {
      double deviation = Math.sqrt(requests * shares[replica] * (1 - shares[replica]));
      assertThat((double) upstreams.calls(replica))
          .as("%s: endpoint of weight share %s", algorithm, shares[replica])
          .isBetween(
              requests * shares[replica] - 4 * deviation,
              requests * shares[replica] + 4 * deviation);
    }
  }

  @Test
  @Acceptance(71)
  void sendsEverythingToTheOtherWhileOneIsEjected() {
    upstreams.replica(0, (e, reply) -> answer(503, reply));
    upstreams.replica(1, (e, reply) -> later(5, e, reply));
    Balancer balancer = balancer(endpoints(2), BackendSettings.DEFAULT);
    drive(balancer, 100, 5);
    assertThat(registry.snapshot().getFirst().health().reason()).isNotEmpty();
    upstreams.called.clear();
    List<RecordingReply> replies = drive(balancer, 100, 1);
    assertThat(replies).allSatisfy(reply -> assertThat(reply.status()).isEqualTo(200));
    assertThat(upstreams.calls(1)).isEqualTo(100);
  }

  @Test
  @Acceptance(67)
  void refusesWhatTheOnlyEndpointWouldFailOnceItIsEjected() {
    upstreams.all((e, reply) -> answer(500, reply));
    BackendSettings settings =
        Destinations.ejection(
            new BackendSettings.Ejection(
                5,
                0,
                Duration.ofSeconds(10),
                5,
                Duration.ofSeconds(10),
                Duration.ofSeconds(60),
                0,
                100));
    Balancer balancer = balancer(endpoints(1), settings);

    List<RecordingReply> replies = drive(balancer, 20, 100);

    assertThat(replies.subList(0, 5)).allSatisfy(r -> assertThat(r.status()).isEqualTo(500));
    assertThat(replies.subList(5, 20))
        .allSatisfy(r -> assertThat(r.error()).isEqualTo(MeshError.ALL_EJECTED));
    assertThat(upstreams.called).hasSize(5);

    upstreams.all((e, reply) -> answer(200, reply));
    loop.advance(Duration.ofSeconds(9));
    assertThat(drive(balancer, 3, 1))
        .as("the probe, and all after it")
        .allSatisfy(r -> assertThat(r.status()).isEqualTo(200));
  }

  @Test
  @Acceptance({50, 53})
  void followsDiscoveryFromOneRequestToTheNext() {
    upstreams.all((e, reply) -> later(5, e, reply));
    Balancer balancer = balancer(List.of(endpoint(0)), BackendSettings.DEFAULT);
    List<RecordingReply> replies = drive(balancer, 50, 2);
    registry.lease(backend(List.of(endpoint(1)), BackendSettings.DEFAULT));
    upstreams.called.clear();
    replies.addAll(drive(balancer, 50, 2));
    assertThat(upstreams.called).containsOnly(1);
    assertThat(replies).allSatisfy(r -> assertThat(r.status()).isEqualTo(200));

    registry.lease(backend(List.of(), BackendSettings.DEFAULT));
    RecordingReply none = new RecordingReply();
    balancer.handle(loop.get("/"), none);
    assertThat(none.error()).as("at once").isEqualTo(MeshError.NO_ENDPOINTS);
  }

  @Test
  void hashesByCookieHeaderOrCaller() {
    upstreams.all((e, reply) -> answer(200, reply));
    for (Hash hash :
        List.of(new Hash.Cookie("session"), new Hash.Header("x-user"), new Hash.Source())) {
      Balancer balancer =
          balancer(
              endpoints(8),
              Destinations.balancer(
                  new BackendSettings.Balancer(Algorithm.RING_HASH, hash, Duration.ZERO, true)));
      Set<Integer> used = new HashSet<>();
      for (int user = 0; user < 40; user++) {
        upstreams.called.clear();
        for (int i = 0; i < 5; i++) {
          Exchange exchange = loop.get("/");
          exchange.request().headers().set("x-user", "user-" + user);
          exchange.request().headers().add("cookie", "other=" + i);
          exchange.request().headers().add("cookie", "a=b; session=s" + user);
          balancer.handle(exchange, new RecordingReply());
        }
        assertThat(new HashSet<>(upstreams.called)).as("%s, user %s", hash, user).hasSize(1);
        used.add(upstreams.called.getFirst());
      }
      if (hash instanceof Hash.Source) {
        assertThat(used).as("one caller").hasSize(1);
      } else {
        assertThat(used.size()).as("%s", hash).isGreaterThan(5);
      }
    }
  }

  private List<RecordingReply> drive(Balancer balancer, int requests, long everyMillis) {
    List<RecordingReply> replies = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      RecordingReply reply = new RecordingReply();
      replies.add(reply);
      balancer.handle(loop.get("/"), reply);
      loop.advanceMillis(everyMillis);
    }
    loop.advanceMillis(50);
    return replies;
  }

  private void later(long millis, Exchange exchange, Reply reply) {
    exchange.loop().schedule(() -> answer(200, reply), millis, TimeUnit.MILLISECONDS);
  }

  private static void answer(int status, Reply reply) {
    reply.head(new ResponseHead(status, new DefaultHttp2Headers(false), BodyPipe.empty(), true));
    reply.done(new Outcome.Answered(status, -1));
  }

  private Balancer balancer(List<EndpointSpec> endpoints, BackendSettings settings) {
    BackendEndpoints leased = registry.lease(backend(endpoints, settings));
    return new Balancer(leased, settings, loop.ticker, loop.random, loop.metrics);
  }
}
