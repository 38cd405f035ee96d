package io.refmesh.local;

import io.refmesh.control.identity.TokenIssuer;
import io.refmesh.model.identity.SpiffeId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;

/**
 * The token of each workload, in a file that its user alone may read; written anew long before it
 * ends.
 */
final class Tokens {

  static final Duration LIFETIME = Duration.ofHours(1);
  static final Duration RENEW_EVERY = LIFETIME.dividedBy(2);

  private final TokenIssuer issuer;

  private Tokens(TokenIssuer issuer) {
    this.issuer = issuer;
  }

  static Tokens open(StateFolder state, InstantSource clock) throws IOException {
    return new Tokens(TokenIssuer.open(state.control(), clock));
  }

  /** Writes a fresh token for a replica. */
  void write(Path file, String identity, Replica replica) throws IOException {
    String workload = replica.namespace() + "/" + replica.workload() + "/" + replica.index();
    String token = issuer.issue(SpiffeId.parse(identity), workload, LIFETIME);
    StateFolder.replace(file, token.getBytes(StandardCharsets.US_ASCII), "rw-------");
  }
}
