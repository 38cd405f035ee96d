package io.refmesh.chaos.intruder;

import io.refmesh.control.identity.CertificateAuthority;
import io.refmesh.model.identity.SpiffeId;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Makes the certificates that intruders show. The mesh's own CA signs those that must be genuine
 * but for one thing; its key is in the state folder, to which only the user who runs the mesh has
 * access.
 */
public final class Forgery {

  /**
   * How long ago an expired leaf was issued, and how long it lived: over for longer than any clock
   * skew that is tolerated.
   */
  private static final Duration ISSUED_AGO = Duration.ofMinutes(40);

  private static final Duration LIVED = Duration.ofMinutes(5);
  private static final Duration LIFETIME = Duration.ofHours(1);

  private final Path control;
  private final String trustDomain;
  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();

  /**
   * @param control the control plane's part of the state folder, in which the CA is
   */
  public Forgery(Path control, String trustDomain, InstantSource clock) {
    this.control = control;
    this.trustDomain = trustDomain;
    this.clock = clock;
  }

  /**
   * A certificate that is right in every way, of the service account {@code shop/serviceAccount}.
   */
  public Credential genuine(String serviceAccount) throws IOException {
    return issue(control, serviceAccount, clock, LIFETIME);
  }

  /** A certificate of the mesh's CA whose time is over. */
  public Credential expired(String serviceAccount) throws IOException {
    Instant past = clock.instant().minus(ISSUED_AGO);
    return issue(control, serviceAccount, () -> past, LIVED);
  }

  /**
   * A certificate with the right identity from a CA of the intruder's own.
   *
   * @param folder for that CA; made when absent
   */
  public Credential foreign(Path folder, String serviceAccount) throws IOException {
    return issue(folder, serviceAccount, clock, LIFETIME);
  }

  private Credential issue(Path ca, String serviceAccount, InstantSource when, Duration lifetime)
      throws IOException {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), random);
      KeyPair keys = generator.generateKeyPair();
      CertificateAuthority authority = CertificateAuthority.open(ca, trustDomain, when, random);
      SpiffeId identity = new SpiffeId(trustDomain, "shop", serviceAccount);
      return new Credential(
          keys.getPrivate(),
          authority.issue(keys.getPublic(), identity, lifetime, Duration.ZERO).chain());
    } catch (GeneralSecurityException | CertificateAuthority.Unavailable e) {
      throw new IOException(
          "a certificate for an intruder could not be made: " + e.getMessage(), e);
    }
  }
}
