package io.refmesh.control.identity;

import io.refmesh.model.identity.RootName;
import io.refmesh.model.identity.SpiffeId;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/**
 * Signs workloads' certificates with an issuer (ECDSA P-256) that may be replaced while it runs. In
 * local mode root and issuer are made at the first start and kept in the state folder; the issuer
 * is renewed at a start when it has less than a month left. Thread-safe.
 */
public final class CertificateAuthority {

  /** Sub-folder of the state folder. */
  static final String FOLDER = "ca";

  private static final Duration ROOT_LIFETIME = Duration.ofDays(3650);
  private static final Duration ISSUER_LIFETIME = Duration.ofDays(365);
  private static final Duration ISSUER_RENEWED_BEFORE_END = Duration.ofDays(30);
  private static final KeyPurposeId[] PEER = {
    KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
  };
  private static final KeyPurposeId[] SERVER = {KeyPurposeId.id_kp_serverAuth};

  private final String trustDomain;
  private final InstantSource clock;
  private final SecureRandom random;
  private volatile Signing signing;

  private CertificateAuthority(
      String trustDomain, Signing signing, InstantSource clock, SecureRandom random) {
    this.trustDomain = trustDomain;
    this.signing = signing;
    this.clock = clock;
    this.random = random;
  }

  /** A CA that signs with this issuer, which its caller has checked and may {@link #replace}. */
  public static CertificateAuthority of(
      String trustDomain, Issuer issuer, InstantSource clock, SecureRandom random)
      throws GeneralSecurityException {
    return new CertificateAuthority(trustDomain, new Signing(issuer, issuer.root()), clock, random);
  }

  private record Signing(Issuer issuer, RootName root) {}

  /** The CA cannot sign now; the sentence says why. */
  public static final class Unavailable extends Exception {
    private static final long serialVersionUID = 1;

    Unavailable(String message) {
      super(message);
    }
  }

  /**
   * A signed leaf.
   *
   * @param chain leaf first, then the issuer, without the root
   * @param root under which it stands
   */
  public record Issued(
      List<X509Certificate> chain, RootName root, Instant notBefore, Instant notAfter) {
    public Issued {
      chain = List.copyOf(chain);
    }

    public X509Certificate leaf() {
      return chain.getFirst();
    }

    /** In hexadecimal, as people compare it. */
    public String serial() {
      return leaf().getSerialNumber().toString(16);
    }
  }

  /**
   * Opens the CA of a state folder or makes it; throws with what to do when the folder is open to
   * others or belongs to another trust domain.
   */
  public static CertificateAuthority open(
      Path state, String trustDomain, InstantSource clock, SecureRandom random)
      throws IOException, GeneralSecurityException {
    PrivateFolder folder = PrivateFolder.open(state.resolve(FOLDER));
    requireTrustDomain(folder, trustDomain, state);
    Instant now = clock.instant();
    // A key without its certificate is left from a start that did not finish: the certificate is
    // written last.
    if (!folder.has("root.pem")) {
      KeyPair key = Certificates.newKey(random);
      X509Certificate made =
          Certificates.ca(
              "root",
              trustDomain,
              key.getPublic(),
              key.getPrivate(),
              null,
              now,
              ROOT_LIFETIME,
              random);
      folder.write("root.key", Pem.of(key.getPrivate()));
      folder.write("root.pem", Pem.of(List.of(made)));
    }
    X509Certificate root = Pem.certificate(folder.readText("root.pem"));
    if (!folder.has("issuer.pem")
        || endsSoon(Pem.certificate(folder.readText("issuer.pem")), root, now)) {
      KeyPair key = Certificates.newKey(random);
      PrivateKey rootKey = Pem.ecKey(folder.readText("root.key"));
      requirePair(new Issuer(rootKey, List.of(root), List.of(root)), "root");
      X509Certificate made =
          Certificates.ca(
              "issuer", trustDomain, key.getPublic(), rootKey, root, now, ISSUER_LIFETIME, random);
      folder.write("issuer.key", Pem.of(key.getPrivate()));
      folder.write("issuer.pem", Pem.of(List.of(made)));
    }
    Issuer issuer =
        new Issuer(
            Pem.ecKey(folder.readText("issuer.key")),
            List.of(Pem.certificate(folder.readText("issuer.pem"))),
            List.of(root));
    requirePair(issuer, "issuer");
    issuer.certificate().verify(root.getPublicKey());
    return of(trustDomain, issuer, clock, random);
  }

  public String trustDomain() {
    return trustDomain;
  }

  /** What peers must trust. */
  public List<X509Certificate> roots() {
    return signing.issuer().roots();
  }

  /** Under which certificates are signed now. */
  public RootName leafRoot() {
    return signing.root();
  }

  public String rootsPem() throws GeneralSecurityException {
    return Pem.of(roots());
  }

  /** When the CA can sign no longer. */
  public Instant notAfter() {
    return signing.issuer().notAfter();
  }

  /** Signs with this one from the next certificate on; the caller has checked it. */
  public void replace(Issuer next) throws GeneralSecurityException {
    signing = new Signing(next, next.root());
  }

  Issuer issuer() {
    return signing.issuer();
  }

  /**
   * Signs a leaf that is valid from {@code clockSkew} ago and ends with the issuer at the latest.
   */
  public Issued issue(PublicKey key, SpiffeId identity, Duration lifetime, Duration clockSkew)
      throws Unavailable, GeneralSecurityException {
    return issue(
        key,
        new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, identity.uri())),
        PEER,
        lifetime,
        clockSkew);
  }

  /** As {@link #issue}, for a server that is known by names and has no identity in the mesh. */
  Issued issueServer(PublicKey key, List<String> names, Duration lifetime, Duration clockSkew)
      throws Unavailable, GeneralSecurityException {
    return issue(
        key,
        new GeneralNames(
            names.stream()
                .map(name -> new GeneralName(GeneralName.dNSName, name))
                .toArray(GeneralName[]::new)),
        SERVER,
        lifetime,
        clockSkew);
  }

  private Issued issue(
      PublicKey key,
      GeneralNames names,
      KeyPurposeId[] purposes,
      Duration lifetime,
      Duration clockSkew)
      throws Unavailable, GeneralSecurityException {
    // Read once: it may be replaced meanwhile.
    Signing with = signing;
    Issuer signer = with.issuer();
    Instant now = clock.instant();
    if (!now.isBefore(signer.notAfter())) {
      throw new Unavailable(
          "the issuer ended at "
              + signer.notAfter()
              + " (expected: later than now; in local mode restart the control plane, which makes a"
              + " new one, on a cluster replace the Secret)");
    }
    if (now.isBefore(signer.notBefore())) {
      throw new Unavailable(
          "the issuer begins at "
              + signer.notBefore()
              + " and the clock says "
              + now
              + " (expected: a clock that is right)");
    }
    Instant end = now.plus(lifetime);
    Instant notAfter =
        (end.isBefore(signer.notAfter()) ? end : signer.notAfter()).truncatedTo(ChronoUnit.SECONDS);
    Instant notBefore = now.minus(clockSkew).truncatedTo(ChronoUnit.SECONDS);
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(Certificates.leaf(signer, key, names, purposes, notBefore, notAfter, random));
    chain.addAll(signer.chain());
    return new Issued(chain, with.root(), notBefore, notAfter);
  }

  // An issuer ends with its root at the latest; making another would not help then.
  private static boolean endsSoon(X509Certificate issuer, X509Certificate root, Instant now) {
    Instant end = issuer.getNotAfter().toInstant();
    return end.minus(ISSUER_RENEWED_BEFORE_END).isBefore(now)
        && end.isBefore(root.getNotAfter().toInstant());
  }

  private static void requirePair(Issuer pair, String role) throws GeneralSecurityException {
    try {
      pair.requirePair();
    } catch (Issuer.Unusable e) {
      throw new GeneralSecurityException(
          "ca/"
              + role
              + ".key does not belong to ca/"
              + role
              + ".pem (expected: a pair; restore both from one backup)",
          e);
    }
  }

  private static void requireTrustDomain(PrivateFolder folder, String trustDomain, Path state)
      throws IOException {
    folder.writeOnce("trust-domain", trustDomain + "\n");
    String found = folder.readText("trust-domain").strip();
    if (!found.equals(trustDomain)) {
      throw new IOException(
          "trustDomain: "
              + trustDomain
              + " (expected: "
              + found
              + ", for which the CA in "
              + state.resolve(FOLDER)
              + " was made; a new trust domain needs a new state folder)");
    }
  }
}
