package io.refmesh.control.identity;

import io.refmesh.model.identity.SpiffeId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * Gives a workload the token with which it asks for its certificate: a compact JWS (RFC 7515,
 * HS256), bound to the audience {@value #AUDIENCE}, to one identity and one workload, for a limited
 * time. For whoever starts workloads; it shares the state folder with the control plane.
 * Thread-safe.
 */
public final class TokenIssuer {

  static final String AUDIENCE = "refmesh-identity";
  static final String HEADER = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();
  private static final int ID_BYTES = 16;

  private final TokenKey key;
  private final InstantSource clock;
  private final SecureRandom random;

  private TokenIssuer(TokenKey key, InstantSource clock, SecureRandom random) {
    this.key = key;
    this.clock = clock;
    this.random = random;
  }

  /** Opens the key of a state folder, which is made when it is not there. */
  public static TokenIssuer open(Path state, InstantSource clock) throws IOException {
    SecureRandom random = new SecureRandom();
    return new TokenIssuer(TokenKey.open(state, random), clock, random);
  }

  /**
   * A token for one replica of a workload.
   *
   * @param workload {@code namespace/workload/replica}
   */
  public String issue(SpiffeId identity, String workload, Duration lifetime) {
    return issue(identity, workload, lifetime, AUDIENCE);
  }

  String issue(SpiffeId identity, String workload, Duration lifetime, String audience) {
    Instant now = clock.instant();
    byte[] id = new byte[ID_BYTES];
    random.nextBytes(id);
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("aud", audience);
    claims.put("sub", identity.uri());
    claims.put("workload", workload);
    claims.put("iat", now.getEpochSecond());
    // Rounded up: a token of a second must not be over at once.
    claims.put("exp", now.plus(lifetime).plusMillis(999).getEpochSecond());
    claims.put("jti", HexFormat.of().formatHex(id));
    String signed =
        encode(HEADER.getBytes(StandardCharsets.US_ASCII))
            + "."
            + encode(JSON.writeValueAsBytes(claims));
    return signed + "." + encode(key.sign(signed));
  }

  private static String encode(byte[] bytes) {
    return BASE64.encodeToString(bytes);
  }
}
