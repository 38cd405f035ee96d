package io.refmesh.control.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.control.identity.Refusal.Reason;
import io.refmesh.control.identity.TokenReviews.Review;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class ReviewedTokensTest {

  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final String USER = "system:serviceaccount:shop:web";
  private static final String POD = "shop/web-7f";

  private final ManualClock clock = new ManualClock();
  private final Map<String, String> podsByAddress = new HashMap<>(Map.of("10.0.0.1", POD));
  private int asked;
  private Review answer = yes(USER, "refmesh.io", "web-7f");
  private boolean away;
  private final TokenVerifier verifier =
      TokenVerifier.reviewed(
          (token, audience) -> {
            asked++;
            if (away) {
              throw new IOException("no answer (ConnectException)");
            }
            return answer;
          },
          address -> Optional.ofNullable(podsByAddress.get(address)),
          "cluster.local",
          clock);

  @Test
  void takesTheIdentityFromTheServiceAccountAndTheWorkloadFromThePod() throws Refusal {
    WorkloadToken token = require(token());

    assertThat(token.identity()).isEqualTo(WEB);
    assertThat(token.workload()).isEqualTo("shop/web-7f/0");
    assertThat(token.expires()).isEqualTo(clock.instant().plusSeconds(3600));
  }

  @Test
  void asksEveryTimeSoThatAPodThatIsGoneGetsNothing() throws Refusal {
    require(token());
    answer = no("pods \"web-7f\" not found");

    refused(Reason.TOKEN_NOT_AUTHENTICATED, () -> require(token()));
    assertThat(asked).isEqualTo(2);
  }

  @Test
  @Acceptance(105)
  void refusesAnotherAudienceWithoutAskingAndWhenTheAnswerNamesNone() {
    refused(
        Reason.TOKEN_AUDIENCE,
        () ->
            require(
                jwt(
                    "[\"https://kubernetes.default.svc\"]",
                    USER,
                    clock.instant().plusSeconds(60))));
    assertThat(asked).isZero();

    answer = new Review(true, List.of(), USER, Map.of(), "");
    refused(Reason.TOKEN_AUDIENCE, () -> require(token()));
    answer = yes(USER, "vault", "web-7f");
    refused(Reason.TOKEN_AUDIENCE, () -> require(token()));
  }

  @Test
  @Acceptance(105)
  void refusesAnExpiredTokenWithoutAsking() {
    String token = token();
    clock.advance(Duration.ofSeconds(3621));

    refused(Reason.TOKEN_EXPIRED, () -> require(token));
    assertThat(asked).isZero();
  }

  @Test
  void refusesWhenTheApiServerIsAway() {
    away = true;

    refused(Reason.TOKEN_REVIEW_UNAVAILABLE, () -> require(token()));
  }

  @Test
  void believesTheApiServerAndNotTheTokenAboutWhoItIs() {
    answer = yes("system:serviceaccount:shop:cart", "refmesh.io", "web-7f");

    refused(Reason.TOKEN_OTHER_IDENTITY, () -> require(token()));
  }

  @Test
  void refusesATokenForAnotherIdentityOrOfNoServiceAccount() {
    refused(
        Reason.TOKEN_OTHER_IDENTITY,
        () -> require(jwt("[\"refmesh.io\"]", "system:serviceaccount:shop:cart", soon())));
    refused(
        Reason.TOKEN_MALFORMED,
        () -> require(jwt("[\"refmesh.io\"]", "system:node:worker-1", soon())));
    answer = yes("system:admin", "refmesh.io", "web-7f");
    refused(Reason.TOKEN_MALFORMED, () -> require(token()));
  }

  @Test
  void refusesATokenOfAnotherPodOfTheSameAccount() {
    answer = yes(USER, "refmesh.io", "web-9c");

    refused(Reason.TOKEN_OTHER_WORKLOAD, () -> require(token()));
  }

  @Test
  void refusesATokenThatComesFromTheAddressOfAnotherPod() throws Refusal {
    podsByAddress.put("10.0.0.2", "shop/cart-1a");
    require(token());

    refused(Reason.TOKEN_REPLAYED, () -> require(token(), "10.0.0.2"));
  }

  @Test
  void takesATranslatedAddressButOnlyOne() throws Refusal {
    require(token(), "172.18.0.3");
    require(token(), "172.18.0.3");

    refused(Reason.TOKEN_REPLAYED, () -> require(token(), "172.18.0.4"));
  }

  @Test
  void followsAPodThatGotAnotherAddress() throws Refusal {
    require(token());
    podsByAddress.clear();
    podsByAddress.put("10.0.0.9", POD);

    assertThat(require(token(), "10.0.0.9").workload()).isEqualTo("shop/web-7f/0");
  }

  @Test
  void namesNoWorkloadForATokenThatIsBoundToNone() throws Refusal {
    answer = new Review(true, List.of("refmesh.io"), USER, Map.of(), "");

    assertThat(require(token()).workload()).isEmpty();
  }

  @Test
  void refusesWhatIsNoTokenWithoutAsking() {
    refused(Reason.TOKEN_MISSING, () -> require(""));
    refused(Reason.TOKEN_MALFORMED, () -> require("a.b"));
    refused(Reason.TOKEN_MALFORMED, () -> require("!.!.!"));
    refused(Reason.TOKEN_MALFORMED, () -> require("x".repeat(100_000)));
    refused(Reason.TOKEN_AUDIENCE, () -> require("e30.W10.e30"));
    assertThat(asked).isZero();
  }

  private WorkloadToken require(String token) throws Refusal {
    return require(token, "10.0.0.1");
  }

  private WorkloadToken require(String token, String host) throws Refusal {
    return verifier.require(new TokenVerifier.Claim(token, WEB.uri(), "shop/web-7f/0", host));
  }

  private String token() {
    return jwt("[\"refmesh.io\"]", USER, Instant.parse("2026-11-23T13:00:00Z"));
  }

  private Instant soon() {
    return clock.instant().plusSeconds(60);
  }

  private static String jwt(String audience, String subject, Instant expires) {
    return "e30."
        + Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(
                "{\"aud\":%s,\"sub\":\"%s\",\"exp\":%d}"
                    .formatted(audience, subject, expires.getEpochSecond())
                    .getBytes(StandardCharsets.UTF_8))
        + ".c2ln";
  }

  private static Review yes(String user, String audience, String pod) {
    return new Review(
        true,
        List.of(audience),
        user,
        Map.of("authentication.kubernetes.io/pod-name", List.of(pod)),
        "");
  }

  private static Review no(String error) {
    return new Review(false, List.of(), "", Map.of(), error);
  }

  private static void refused(Reason reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            Refusal.class, refusal -> assertThat(refusal.reason()).isEqualTo(reason));
  }
}
