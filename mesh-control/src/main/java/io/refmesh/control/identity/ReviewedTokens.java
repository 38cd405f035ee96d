package io.refmesh.control.identity;

import io.refmesh.control.identity.Refusal.Reason;
import io.refmesh.model.identity.SpiffeId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Checks tokens of service accounts by asking the API server that issued them.
 *
 * <p>What a token says of itself is read first, unproved, and can only make it refused: the reason
 * is better, and nobody without a plausible token can make us ask. Only the API server's answer
 * makes it accepted, and that answer is never kept: a "yes" that outlives the pod would give a
 * certificate to what is gone, and certificates are asked for a few times a day.
 *
 * <p>A token that is bound to a pod is good for that pod only: under its name and from its address.
 * From an address that is nobody's, as calls have that a node translates, it is good from the first
 * such address on.
 */
final class ReviewedTokens implements TokenVerifier {

  /** The audience that the projected volume of a pod asks for. */
  static final String AUDIENCE = "refmesh.io";

  static final String POD_NAME = "authentication.kubernetes.io/pod-name";
  private static final String TOKEN_ID = "authentication.kubernetes.io/credential-id";

  private static final Pattern SERVICE_ACCOUNT =
      Pattern.compile("system:serviceaccount:([a-z0-9-]{1,63}):([a-z0-9.-]{1,253})");

  /** About 1,200 bytes are normal. */
  private static final int CHARACTERS_MAX = 8_192;

  /** Questions that the API server is asked at once; who comes then waits. */
  private static final int REVIEWS_MAX = 64;

  private static final Duration WAIT_MAX = Duration.ofSeconds(2);
  private static final Duration SKEW = Duration.ofSeconds(20);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final TokenReviews reviews;
  private final PodAddresses pods;
  private final String trustDomain;
  private final InstantSource clock;
  private final Semaphore free = new Semaphore(REVIEWS_MAX, true);
  private final TokenHosts hosts = new TokenHosts();

  ReviewedTokens(TokenReviews reviews, PodAddresses pods, String trustDomain, InstantSource clock) {
    this.reviews = reviews;
    this.pods = pods;
    this.trustDomain = trustDomain;
    this.clock = clock;
  }

  @Override
  public WorkloadToken require(Claim claim) throws Refusal {
    Instant expires = requirePlausible(claim);
    TokenReviews.Review review = review(claim.token());
    if (!review.authenticated()) {
      throw new Refusal(
          Reason.TOKEN_NOT_AUTHENTICATED,
          "the API server does not accept the token"
              + (review.error().isEmpty() ? "" : ": " + Refusal.shortened(review.error()))
              + " (expected: a current token of a pod that runs)");
    }
    // One who checks tokens and knows no audiences answers "yes" without naming any.
    if (!review.audiences().contains(AUDIENCE)) {
      throw new Refusal(
          Reason.TOKEN_AUDIENCE,
          "the API server accepts the token for "
              + review.audiences()
              + " (expected: "
              + AUDIENCE
              + ")");
    }
    SpiffeId proved = identity(review.user());
    Refusal.requireSameIdentity(proved, claim.identity());
    String pod = pod(review, proved.namespace());
    String workload = pod.isEmpty() ? "" : pod + "/0";
    Refusal.requireSameWorkload(workload, claim.workload());
    String id = id(review, claim.token());
    requireItsHost(pod, id, claim.host());
    return new WorkloadToken(proved, workload, expires, id);
  }

  /** Refuses what cannot hold, whatever the API server says; returns when the token ends. */
  private Instant requirePlausible(Claim claim) throws Refusal {
    JsonNode claims = claims(claim.token());
    JsonNode audience = claims.path("aud");
    boolean ours =
        audience.isArray()
            ? audience.valueStream().anyMatch(one -> one.asString("").equals(AUDIENCE))
            : audience.asString("").equals(AUDIENCE);
    if (!ours) {
      throw new Refusal(
          Reason.TOKEN_AUDIENCE,
          "the token is for "
              + Refusal.shortened(audience.toString())
              + " (expected: "
              + AUDIENCE
              + ")");
    }
    Refusal.requireSameIdentity(identity(claims.path("sub").asString("")), claim.identity());
    Instant now = clock.instant();
    Instant expires = Instant.ofEpochSecond(claims.path("exp").asLong(0));
    if (!now.isBefore(expires.plus(SKEW))) {
      throw new Refusal(
          Reason.TOKEN_EXPIRED,
          "the token ended at "
              + expires
              + " and the clock says "
              + now
              + " (expected: a fresh token, or clocks that agree)");
    }
    return expires;
  }

  private static JsonNode claims(String token) throws Refusal {
    if (token.isEmpty()) {
      throw new Refusal(Reason.TOKEN_MISSING, "no token (expected: the pod's token)");
    }
    if (token.length() > CHARACTERS_MAX) {
      throw new Refusal(
          Reason.TOKEN_MALFORMED,
          token.length() + " characters (expected: at most " + CHARACTERS_MAX + ")");
    }
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3) {
      throw new Refusal(Reason.TOKEN_MALFORMED, "not a token (expected: header.claims.signature)");
    }
    try {
      return JSON.readTree(Base64.getUrlDecoder().decode(parts[1]));
    } catch (IllegalArgumentException | JacksonException e) {
      throw new Refusal(
          Reason.TOKEN_MALFORMED,
          "the token cannot be read (expected: three parts in base64url)",
          e);
    }
  }

  private TokenReviews.Review review(String token) throws Refusal {
    try {
      if (!free.tryAcquire(WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new Refusal(
            Reason.TOKEN_REVIEW_UNAVAILABLE,
            REVIEWS_MAX + " tokens are being checked (expected: fewer at once; try again)");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal(Reason.TOKEN_REVIEW_UNAVAILABLE, "the control plane ends", e);
    }
    try {
      return reviews.review(token, AUDIENCE);
    } catch (IOException e) {
      throw new Refusal(
          Reason.TOKEN_REVIEW_UNAVAILABLE,
          "the API server cannot be asked about the token: " + e.getMessage(),
          e);
    } finally {
      free.release();
    }
  }

  private SpiffeId identity(String user) throws Refusal {
    Matcher account = SERVICE_ACCOUNT.matcher(user);
    if (!account.matches()) {
      throw new Refusal(
          Reason.TOKEN_MALFORMED,
          "the token is of \""
              + Refusal.shortened(user)
              + "\" (expected: system:serviceaccount:<namespace>:<name>)");
    }
    return new SpiffeId(trustDomain, account.group(1), account.group(2));
  }

  /** {@code namespace/pod}; empty for a token that is bound to no pod. */
  private static String pod(TokenReviews.Review review, String namespace) throws Refusal {
    List<String> names = review.extra().getOrDefault(POD_NAME, List.of());
    if (names.size() > 1) {
      throw new Refusal(
          Reason.TOKEN_MALFORMED,
          "the token is bound to " + names.size() + " pods (expected: one)");
    }
    return names.isEmpty() ? "" : namespace + "/" + names.getFirst();
  }

  private static String id(TokenReviews.Review review, String token) {
    List<String> ids = review.extra().getOrDefault(TOKEN_ID, List.of());
    if (ids.size() == 1) {
      return ids.getFirst();
    }
    try {
      byte[] bytes = token.getBytes(StandardCharsets.US_ASCII);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private void requireItsHost(String pod, String id, String host) throws Refusal {
    Optional<String> owner = pods.podAt(host);
    if (owner.isEmpty() || pod.isEmpty()) {
      hosts.requireSame(id, host);
    } else if (!owner.get().equals(pod)) {
      throw new Refusal(
          Reason.TOKEN_REPLAYED,
          "the token of pod "
              + pod
              + " came from "
              + host
              + ", the address of pod "
              + owner.get()
              + " (expected: its own pod)");
    }
  }
}
