package io.refmesh.control.identity;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.InstantSource;

/**
 * What certificates are issued with: the CA, who believes tokens, and the log of every decision.
 * Closing it closes the log.
 */
public record Identity(CertificateAuthority authority, TokenVerifier tokens, Audit audit)
    implements AutoCloseable {

  /** All three from a state folder; what is missing in it is made. */
  public static Identity local(
      Path state, String trustDomain, InstantSource clock, SecureRandom random)
      throws IOException, GeneralSecurityException {
    CertificateAuthority authority = CertificateAuthority.open(state, trustDomain, clock, random);
    return new Identity(
        authority,
        TokenVerifier.signed(state, trustDomain, clock, random),
        Audit.open(state, clock));
  }

  @Override
  public void close() throws IOException {
    audit.close();
  }
}
