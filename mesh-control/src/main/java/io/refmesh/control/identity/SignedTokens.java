package io.refmesh.control.identity;

import io.refmesh.control.identity.Refusal.Reason;
import io.refmesh.model.identity.SpiffeId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Checks tokens that the mesh signs itself. A token may be used again, for renewals, until it ends,
 * but only for its own identity and only from the host that used it first.
 */
final class SignedTokens implements TokenVerifier {

  /** About 600 bytes are normal. */
  private static final int CHARACTERS_MAX = 4_096;

  private static final Duration SKEW = Duration.ofSeconds(20);

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final TokenKey key;
  private final String trustDomain;
  private final InstantSource clock;
  private final TokenHosts hosts = new TokenHosts();

  SignedTokens(TokenKey key, String trustDomain, InstantSource clock) {
    this.key = key;
    this.trustDomain = trustDomain;
    this.clock = clock;
  }

  @Override
  public WorkloadToken require(Claim claim) throws Refusal {
    String token = claim.token();
    if (token.isEmpty()) {
      throw new Refusal(Reason.TOKEN_MISSING, "no token (expected: the workload's token)");
    }
    JsonNode claims = requireSigned(token);
    String audience = claims.path("aud").asString("");
    if (!audience.equals(TokenIssuer.AUDIENCE)) {
      throw new Refusal(
          Reason.TOKEN_AUDIENCE,
          "the token is for \"" + audience + "\" (expected: " + TokenIssuer.AUDIENCE + ")");
    }
    Instant now = clock.instant();
    Instant expires = Instant.ofEpochSecond(claims.path("exp").asLong(0));
    if (!now.isBefore(expires)) {
      throw new Refusal(
          Reason.TOKEN_EXPIRED,
          "the token ended at "
              + expires
              + " and the clock says "
              + now
              + " (expected: a fresh token)");
    }
    Instant issued = Instant.ofEpochSecond(claims.path("iat").asLong(0));
    if (issued.isAfter(now.plus(SKEW))) {
      throw new Refusal(
          Reason.TOKEN_NOT_YET_VALID,
          "the token was issued at "
              + issued
              + " and the clock says "
              + now
              + "; compare the clocks of both machines");
    }
    SpiffeId subject =
        SpiffeId.maybeParse(claims.path("sub").asString(""))
            .orElseThrow(() ->
                new Refusal(
                    Reason.TOKEN_MALFORMED, "the token names no identity (expected: spiffe://…)"));
    if (!subject.trustDomain().equals(trustDomain)) {
      throw new Refusal(
          Reason.TRUST_DOMAIN,
          "the token is for " + subject + " (expected: trust domain " + trustDomain + ")");
    }
    Refusal.requireSameIdentity(subject, claim.identity());
    String workload = claims.path("workload").asString("");
    Refusal.requireSameWorkload(workload, claim.workload());
    String id = claims.path("jti").asString("");
    if (id.isEmpty()) {
      throw new Refusal(Reason.TOKEN_MALFORMED, "the token has no id (expected: jti)");
    }
    hosts.requireSame(id, claim.host());
    return new WorkloadToken(subject, workload, expires, id);
  }

  private JsonNode requireSigned(String token) throws Refusal {
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
      Base64.Decoder base64 = Base64.getUrlDecoder();
      // The header is compared, not obeyed: a token never chooses how it is checked.
      if (!new String(base64.decode(parts[0]), StandardCharsets.UTF_8).equals(TokenIssuer.HEADER)) {
        throw new Refusal(
            Reason.TOKEN_MALFORMED,
            "the token's header is another (expected: " + TokenIssuer.HEADER + ")");
      }
      byte[] signature = base64.decode(parts[2]);
      if (!MessageDigest.isEqual(signature, key.sign(parts[0] + "." + parts[1]))) {
        throw new Refusal(
            Reason.TOKEN_SIGNATURE,
            "the token is not signed with this mesh's key (expected: a token of this mesh,"
                + " unchanged)");
      }
      return JSON.readTree(base64.decode(parts[1]));
    } catch (IllegalArgumentException | JacksonException e) {
      throw new Refusal(
          Reason.TOKEN_MALFORMED,
          "the token cannot be read (expected: three parts in base64url)",
          e);
    }
  }
}
