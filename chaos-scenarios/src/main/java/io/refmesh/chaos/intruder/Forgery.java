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
 * but for one thing.
 */
public final class Forgery {

  /**
   * How long ago an expired leaf was issued, and how long it lived: over for longer than any clock
   * skew that is tolerated.
   */
  private static final Duration ISSUED_AGO = Duration.ofMinutes(40);

  private static final Duration LIVED = Duration.ofMinutes(5);
  private static final Duration LIFETIME = Duration.ofHours(1);

  private final Authority authority;
  private final Path foreign;
  private final String trustDomain;
  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();

  /** The CA of the mesh, as whoever holds its key can open it. */
  public interface Authority {

    /**
     * @param clock by which it signs
     */
    CertificateAuthority open(InstantSource clock) throws IOException, GeneralSecurityException;
  }

  /**
   * @param foreign folder for a CA of the intruder's own; made when absent
   */
  public Forgery(Authority authority, Path foreign, String trustDomain, InstantSource clock) {
    this.authority = authority;
    this.foreign = foreign;
    this.trustDomain = trustDomain;
    this.clock = clock;
  }

  /**
   * Of a mesh whose control plane keeps its CA in a state folder, to which only the user who runs
   * it has access.
   *
   * @param control the control plane's part of the state folder
   */
  public static Forgery ofFolder(
      Path control, Path foreign, String trustDomain, InstantSource clock) {
    return new Forgery(inFolder(control, trustDomain), foreign, trustDomain, clock);
  }

  private static Authority inFolder(Path folder, String trustDomain) {
    return clock -> CertificateAuthority.open(folder, trustDomain, clock, new SecureRandom());
  }

  /**
   * A certificate that is right in every way, of the service account {@code shop/serviceAccount}.
   */
  public Credential genuine(String serviceAccount) throws IOException {
    return issue(authority, serviceAccount, clock, LIFETIME);
  }

  /** A certificate of the mesh's CA whose time is over. */
  public Credential expired(String serviceAccount) throws IOException {
    Instant past = clock.instant().minus(ISSUED_AGO);
    return issue(authority, serviceAccount, () -> past, LIVED);
  }

  /** A certificate with the right identity from a CA of the intruder's own. */
  public Credential foreign(String serviceAccount) throws IOException {
    return issue(inFolder(foreign, trustDomain), serviceAccount, clock, LIFETIME);
  }

  private Credential issue(
      Authority ca, String serviceAccount, InstantSource when, Duration lifetime)
      throws IOException {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), random);
      KeyPair keys = generator.generateKeyPair();
      CertificateAuthority signing = ca.open(when);
      SpiffeId identity = new SpiffeId(trustDomain, "shop", serviceAccount);
      return new Credential(
          keys.getPrivate(),
          signing.issue(keys.getPublic(), identity, lifetime, Duration.ZERO).chain());
    } catch (GeneralSecurityException | CertificateAuthority.Unavailable e) {
      throw new IOException(
          "a certificate for an intruder could not be made: " + e.getMessage(), e);
    }
  }
}
