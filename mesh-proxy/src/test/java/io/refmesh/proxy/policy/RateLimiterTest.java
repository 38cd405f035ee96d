package io.refmesh.proxy.policy;

import static io.refmesh.proxy.scripted.ScriptedService.status;
import static io.refmesh.proxy.scripted.TestLoop.head;
import static io.refmesh.proxy.scripted.TestLoop.meshed;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.RateLimit;
import io.refmesh.model.policy.RateLimit.IdentityRate;
import io.refmesh.model.policy.RateLimit.Rate;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.ErrorResponses;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedService;
import io.refmesh.proxy.scripted.TestLoop;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.testkit.acceptance.Acceptance;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RateLimiterTest {

  private static final Caller WEB = meshed("spiffe://cluster.local/ns/shop/sa/web");
  private static final Caller BATCH = meshed("spiffe://cluster.local/ns/shop/sa/batch");

  private final TestLoop loop = new TestLoop();
  private final RateLimits limits = new RateLimits(loop.ticker, loop.metrics);

  /** 20 requests per second against 5. */
  @Test
  @Acceptance(122)
  void refusesThreeQuartersOfFourTimesTheRate() {
    RateLimit limit = perIdentity(5, 2);
    int refused = 0;
    for (int i = 0; i < 200; i++) {
      refused += call(limit, WEB).error() == MeshError.RATE_LIMITED ? 1 : 0;
      loop.advanceMillis(50);
    }
    assertThat(refused).as("of 200 in 10 s: 50 and the burst are taken").isBetween(148, 149);
    assertThat(counted("identity")).isEqualTo(refused);
  }

  /** 100 requests per second of many callers against 70 in all. */
  @Test
  @Acceptance(124)
  void refusesThirtyOfAHundredOfAllTogether() {
    RateLimit limit =
        new RateLimit(Optional.of(new Rate("shop/cart", 70, 7)), Optional.empty(), List.of());
    int refused = 0;
    for (int i = 0; i < 1000; i++) {
      Caller caller = meshed("spiffe://cluster.local/ns/shop/sa/caller" + i % 10);
      refused += call(limit, caller).error() == MeshError.RATE_LIMITED ? 1 : 0;
      loop.advanceMillis(10);
    }
    assertThat(refused).isBetween(290, 300);
  }

  @Test
  void countsEachIdentityForItselfAndAllStrangersAsOne() {
    RateLimit limit = perIdentity(1, 1);
    assertThat(call(limit, WEB).status()).isEqualTo(200);
    assertThat(call(limit, WEB).error()).isEqualTo(MeshError.RATE_LIMITED);
    assertThat(call(limit, BATCH).status()).isEqualTo(200);
    assertThat(call(limit, TestLoop.APPLICATION).status()).isEqualTo(200);
    assertThat(call(limit, TestLoop.APPLICATION).detail()).contains("all callers without identity");
  }

  @Test
  void letsAnOverrideTakeThePlaceOfTheRatePerIdentity() {
    RateLimit limit =
        new RateLimit(
            Optional.empty(),
            Optional.of(new Rate("shop/cart", 1, 1)),
            List.of(
                new IdentityRate(
                    "spiffe://cluster.local/ns/shop/sa/batch", new Rate("shop/cart", 3, 3))));
    for (int i = 0; i < 3; i++) {
      assertThat(call(limit, BATCH).status()).isEqualTo(200);
    }
    assertThat(call(limit, BATCH).error()).isEqualTo(MeshError.RATE_LIMITED);
    assertThat(counted("override")).isEqualTo(1);
    assertThat(call(limit, WEB).status()).isEqualTo(200);
    assertThat(call(limit, WEB).error()).isEqualTo(MeshError.RATE_LIMITED);
  }

  @Test
  void doesNotCountForOneWhatAllTogetherAreRefused() {
    RateLimit limit =
        new RateLimit(
            Optional.of(new Rate("shop/cart", 1, 1)),
            Optional.of(new Rate("shop/cart", 1, 1)),
            List.of());
    assertThat(call(limit, BATCH).status()).isEqualTo(200);
    assertThat(call(limit, WEB).error()).isEqualTo(MeshError.RATE_LIMITED);
    assertThat(counted("total")).isEqualTo(1);
    loop.advanceMillis(1000);
    assertThat(call(limit, WEB).status()).isEqualTo(200);
  }

  @Test
  void saysWhenToComeAgainInWholeSecondsRoundedUp() {
    RateLimit limit = perIdentity(1, 1);
    call(limit, WEB);
    loop.advanceMillis(100);
    RecordingReply refused = call(limit, WEB);

    assertThat(refused.outcome).isInstanceOf(Outcome.Failed.class);
    Outcome.Failed failed = (Outcome.Failed) refused.outcome;
    assertThat(failed.retryAfterSeconds()).isEqualTo(1);
    assertThat(failed.detail())
        .isEqualTo(
            "policy shop/cart: 1 requests per second for spiffe://cluster.local/ns/shop/sa/web, the"
                + " next in 900 ms");

    ResponseHead http = ErrorResponses.of(failed, head("GET", "/", true), true);
    assertThat(http.status()).isEqualTo(429);
    assertThat(http.headers().get("retry-after")).hasToString("1");
    assertThat(http.headers().get("x-mesh-error")).hasToString("rate-limited");
    ResponseHead stranger = ErrorResponses.of(failed, head("GET", "/", true), false);
    assertThat(stranger.headers().get("retry-after")).hasToString("1");
    assertThat(stranger.headers().get("x-mesh-error")).isNull();
    ResponseHead grpc =
        ErrorResponses.of(
            failed, head("POST", "/", true, "content-type", "application/grpc"), true);
    assertThat(grpc.status()).isEqualTo(200);
    assertThat(grpc.headers().get("grpc-status")).as("RESOURCE_EXHAUSTED").hasToString("8");
  }

  @Test
  void keepsWhatIsUsedUpWhenTheConfigurationComesAgain() {
    RateLimit limit = perIdentity(1, 1);
    call(limit, WEB);
    limits.keepOnly(policy(Optional.of(limit)));
    assertThat(call(limit, WEB).error()).isEqualTo(MeshError.RATE_LIMITED);

    limits.keepOnly(policy(Optional.empty()));
    assertThat(call(limit, WEB).status()).as("taken away and written again").isEqualTo(200);
  }

  @Test
  void boundsTheIdentitiesItRemembersAndCountsThat() {
    RateLimit limit = perIdentity(1, 1);
    for (int i = 0; i < RateLimiter.IDENTITIES_MAX; i++) {
      assertThat(call(limit, meshed("spiffe://cluster.local/ns/shop/sa/s" + i)).status())
          .isEqualTo(200);
    }
    assertThat(call(limit, WEB).status()).as("the first beyond").isEqualTo(200);
    assertThat(call(limit, BATCH).error())
        .as("shares a rate with it")
        .isEqualTo(MeshError.RATE_LIMITED);
    assertThat(
            loop.metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "rate-limit-identities").value())
        .isEqualTo(2);
    loop.advanceMillis(1000);
    assertThat(call(limit, BATCH).status()).as("the others have paused").isEqualTo(200);
    assertThat(loop.metrics.gauge(ProxyMetric.RATE_LIMIT_IDENTITIES, "8080").value()).isEqualTo(1);
  }

  private RecordingReply call(RateLimit limit, Caller caller) {
    RecordingReply reply = new RecordingReply();
    limits
        .layer(8080, limit)
        .wrap(ScriptedService.always(status(200)))
        .handle(loop.exchange(head("GET", "/", true), BodyPipe.empty(), caller), reply);
    return reply;
  }

  private long counted(String limit) {
    return loop.metrics.counter(ProxyMetric.RATE_LIMITED_TOTAL, "8080", "shop/cart", limit).value();
  }

  private static RateLimit perIdentity(int perSecond, int burst) {
    return new RateLimit(
        Optional.empty(), Optional.of(new Rate("shop/cart", perSecond, burst)), List.of());
  }

  private static InboundPolicy policy(Optional<RateLimit> limit) {
    return new InboundPolicy(
        InboundPolicy.Default.ALL_UNAUTHENTICATED,
        "cluster.local",
        List.of(
            new InboundPolicy.Port(
                8080, AppProtocol.HTTP, "shop/cart", List.of(), limit, Optional.empty())));
  }
}
