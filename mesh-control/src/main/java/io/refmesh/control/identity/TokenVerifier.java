package io.refmesh.control.identity;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;

/**
 * Decides whether a token proves the identity that its bearer asks for. Two kinds: tokens that the
 * mesh signs itself, and tokens of a cluster's service accounts, of which the API server says
 * whether they hold. The rules that follow, for the CSR and for the certificate, are the same.
 * Thread-safe.
 */
public sealed interface TokenVerifier permits SignedTokens, ReviewedTokens {

  /** Checks tokens of a {@link TokenIssuer} that shares the state folder. */
  static TokenVerifier signed(
      Path state, String trustDomain, InstantSource clock, SecureRandom random) throws IOException {
    return new SignedTokens(TokenKey.open(state, random), trustDomain, clock);
  }

  /** Checks tokens of service accounts by asking whoever issued them. */
  static TokenVerifier reviewed(
      TokenReviews reviews, PodAddresses pods, String trustDomain, InstantSource clock) {
    return new ReviewedTokens(reviews, pods, trustDomain, clock);
  }

  /** What the token says, or the refusal. */
  WorkloadToken require(Claim claim) throws Refusal;

  /**
   * What a caller says of itself.
   *
   * @param identity what it asks for
   * @param workload {@code namespace/workload/replica}; empty when it names none
   * @param host where it is, which the connection says
   */
  record Claim(String token, String identity, String workload, String host) {}
}
