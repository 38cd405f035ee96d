package io.refmesh.control.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.control.identity.Refusal.Reason;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenTest {

  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @TempDir private Path state;
  private final ManualClock clock = new ManualClock();
  private TokenIssuer issuer;
  private TokenVerifier verifier;

  @BeforeEach
  void open() throws IOException {
    issuer = TokenIssuer.open(state, clock);
    verifier = TokenVerifier.signed(state, "cluster.local", clock, new SecureRandom());
  }

  @Test
  @Acceptance(105)
  void acceptsATokenForItsOwnIdentityAgainAndAgainUntilItEnds() throws Refusal {
    String token = issuer.issue(WEB, "shop/web/0", MINUTE);

    assertThat(require(token, WEB.uri(), "127.0.0.1").workload()).isEqualTo("shop/web/0");
    clock.advance(Duration.ofSeconds(59));
    assertThat(require(token, WEB.uri(), "127.0.0.1").identity()).isEqualTo(WEB);
    clock.advance(Duration.ofSeconds(2));
    refused(Reason.TOKEN_EXPIRED, () -> require(token, WEB.uri(), "127.0.0.1"));
  }

  @Test
  @Acceptance(105)
  void refusesATokenForAnotherIdentity() {
    String token = issuer.issue(WEB, "shop/web/0", MINUTE);

    refused(
        Reason.TOKEN_OTHER_IDENTITY,
        () -> require(token, "spiffe://cluster.local/ns/shop/sa/cart", "127.0.0.1"));
  }

  @Test
  void refusesATokenThatComesFromAnotherHost() throws Refusal {
    String token = issuer.issue(WEB, "shop/web/0", MINUTE);
    require(token, WEB.uri(), "127.0.0.1");

    refused(Reason.TOKEN_REPLAYED, () -> require(token, WEB.uri(), "127.0.0.2"));
  }

  @Test
  @Acceptance(105)
  void refusesATokenForAnotherAudienceOrTrustDomain() {
    SpiffeId foreign = new SpiffeId("other.local", "shop", "web");

    refused(
        Reason.TOKEN_AUDIENCE,
        () -> require(issuer.issue(WEB, "shop/web/0", MINUTE, "vault"), WEB.uri(), "h"));
    refused(
        Reason.TRUST_DOMAIN,
        () -> require(issuer.issue(foreign, "shop/web/0", MINUTE), foreign.uri(), "h"));
  }

  @Test
  void refusesATokenOfAnotherMeshOrOneThatWasChanged(@TempDir Path other) throws IOException {
    String foreign = TokenIssuer.open(other, clock).issue(WEB, "shop/web/0", MINUTE);
    String[] parts = issuer.issue(WEB, "shop/web/0", MINUTE).split("\\.");
    String changed =
        parts[0] + "." + encode(decode(parts[1]).replace("/sa/web", "/sa/cart")) + "." + parts[2];

    refused(Reason.TOKEN_SIGNATURE, () -> require(foreign, WEB.uri(), "h"));
    refused(
        Reason.TOKEN_SIGNATURE,
        () -> require(changed, "spiffe://cluster.local/ns/shop/sa/cart", "h"));
  }

  @Test
  void refusesAHeaderThatAsksForAnotherAlgorithm() {
    String[] parts = issuer.issue(WEB, "shop/web/0", MINUTE).split("\\.");

    refused(
        Reason.TOKEN_MALFORMED,
        () -> require(encode("{\"alg\":\"none\"}") + "." + parts[1] + ".", WEB.uri(), "h"));
  }

  @Test
  void refusesWhatIsNoToken() {
    refused(Reason.TOKEN_MISSING, () -> require("", WEB.uri(), "h"));
    refused(Reason.TOKEN_MALFORMED, () -> require("a.b", WEB.uri(), "h"));
    refused(Reason.TOKEN_MALFORMED, () -> require("!.!.!", WEB.uri(), "h"));
    refused(Reason.TOKEN_MALFORMED, () -> require("x".repeat(100_000), WEB.uri(), "h"));
  }

  @Test
  void refusesATokenFromTheFuture() {
    ManualClock ahead = new ManualClock();
    ahead.advance(Duration.ofMinutes(5));

    refused(
        Reason.TOKEN_NOT_YET_VALID,
        () -> require(TokenIssuer.open(state, ahead).issue(WEB, "w", MINUTE), WEB.uri(), "h"));
  }

  @Test
  void keepsItsKeyToItself() throws IOException {
    Path key = state.resolve("ca/token.key");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
        .isEqualTo("rw-------");

    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(() -> TokenIssuer.open(state, clock))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("token.key: mode rw-r--r-- (expected: at most 0600");
  }

  @Test
  void refusesATokenOfAnotherWorkloadOfTheSameIdentity() {
    String token = issuer.issue(WEB, "shop/web/0", MINUTE);

    refused(
        Reason.TOKEN_OTHER_WORKLOAD,
        () ->
            verifier.require(new TokenVerifier.Claim(token, WEB.uri(), "shop/web/1", "127.0.0.1")));
  }

  private WorkloadToken require(String token, String identity, String host) throws Refusal {
    return verifier.require(new TokenVerifier.Claim(token, identity, "", host));
  }

  private static void refused(Reason reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            Refusal.class, refusal -> assertThat(refusal.reason()).isEqualTo(reason));
  }

  private static String encode(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String decode(String part) {
    return new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8);
  }
}
