package io.refmesh.control.identity;

import io.refmesh.control.identity.Refusal.Reason;
import io.refmesh.model.identity.SpiffeId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Checks tokens. A token may be used again, for renewals, until it ends, but only for its own
 * identity and only from the host that used it first: from another host it is a replay.
 * Thread-safe.
 */
final class TokenVerifier {

  /** About 600 bytes are normal. */
  private static final int CHARACTERS_MAX = 4_096;

  /** Tokens whose first host is remembered; the oldest go first. */
  private static final int REMEMBERED_MAX = 100_000;

  private static final Duration SKEW = Duration.ofSeconds(20);

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final TokenKey key;
  private final String trustDomain;
  private final InstantSource clock;
  private final Map<String, String> hostsById = new HashMap<>();
  private final ArrayDeque<String> idsByAge = new ArrayDeque<>();

  TokenVerifier(TokenKey key, String trustDomain, InstantSource clock) {
    this.key = key;
    this.trustDomain = trustDomain;
    this.clock = clock;
  }

  /**
   * What the token says, or the refusal.
   *
   * @param identity what the caller asks for
   * @param host where the caller is
   */
  WorkloadToken require(String token, String identity, String host) throws Refusal {
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
    if (!subject.uri().equals(identity)) {
      throw new Refusal(
          Reason.TOKEN_OTHER_IDENTITY,
          "the token of "
              + subject
              + " was used for "
              + shortened(identity)
              + " (expected: the token's own identity)");
    }
    String id = claims.path("jti").asString("");
    if (id.isEmpty()) {
      throw new Refusal(Reason.TOKEN_MALFORMED, "the token has no id (expected: jti)");
    }
    requireSameHost(id, host);
    return new WorkloadToken(subject, claims.path("workload").asString(""), expires, id);
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
            "the token is not signed with this mesh's key (expected: a token of this mesh, unchanged)");
      }
      return JSON.readTree(base64.decode(parts[1]));
    } catch (IllegalArgumentException | JacksonException e) {
      throw new Refusal(
          Reason.TOKEN_MALFORMED,
          "the token cannot be read (expected: three parts in base64url)",
          e);
    }
  }

  private synchronized void requireSameHost(String id, String host) throws Refusal {
    String first = hostsById.putIfAbsent(id, host);
    if (first == null) {
      idsByAge.addLast(id);
      if (idsByAge.size() > REMEMBERED_MAX) {
        hostsById.remove(idsByAge.removeFirst());
      }
    } else if (!first.equals(host)) {
      throw new Refusal(
          Reason.TOKEN_REPLAYED,
          "the token was first used from "
              + first
              + " and now from "
              + host
              + " (expected: one host)");
    }
  }

  private static String shortened(String text) {
    return text.length() <= 200 ? text : text.substring(0, 200) + "…";
  }
}
