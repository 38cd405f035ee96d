package io.refmesh.control.identity;

import io.refmesh.model.identity.RootName;
import io.refmesh.model.identity.SpiffeId;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/**
 * What the CA signs with.
 *
 * @param chain its certificate first, then what leads to a root; sent with every leaf
 * @param roots under which it stands, which peers must trust; never empty
 */
public record Issuer(PrivateKey key, List<X509Certificate> chain, List<X509Certificate> roots) {

  /** As long as its root: nothing is there that could renew it, so it must not end by itself. */
  private static final Duration LIFETIME = Duration.ofDays(3650);

  private static final int CHAIN_MAX = 5;
  private static final int ROOTS_MAX = 16;
  private static final int P256_BITS = 256;
  private static final KeyPurposeId[] BOTH = {
    KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
  };

  public Issuer {
    chain = List.copyOf(chain);
    roots = List.copyOf(roots);
  }

  /** Why something cannot be the issuer; the sentence says what was expected. */
  public static final class Unusable extends Exception {
    private static final long serialVersionUID = 1;

    Unusable(String message) {
      super(message);
    }

    Unusable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * The three parts as PEM, under the names that cert-manager gives them.
   *
   * @param caCrt the roots
   * @param tlsCrt the issuer's certificate, then intermediates
   */
  public record Text(String caCrt, String tlsCrt, String tlsKey) {
    /** Without the key. */
    @Override
    public String toString() {
      return "Text[" + tlsCrt + "]";
    }
  }

  /**
   * A root and an issuer under it. The root's key is forgotten: whoever holds the issuer's has as
   * much for as long.
   */
  public static Issuer make(String trustDomain, Instant now, SecureRandom random)
      throws GeneralSecurityException {
    KeyPair rootKey = Certificates.newKey(random);
    X509Certificate root =
        Certificates.ca(
            "root",
            trustDomain,
            rootKey.getPublic(),
            rootKey.getPrivate(),
            null,
            now,
            LIFETIME,
            random);
    KeyPair key = Certificates.newKey(random);
    X509Certificate issuer =
        Certificates.ca(
            "issuer",
            trustDomain,
            key.getPublic(),
            rootKey.getPrivate(),
            root,
            now,
            LIFETIME,
            random);
    return new Issuer(key.getPrivate(), List.of(issuer), List.of(root));
  }

  /**
   * Reads an issuer, and proves that it can sign for the trust domain now: a leaf of its making
   * must hold under the roots.
   *
   * @param roots in force, which may be others than those of the text
   */
  public static Issuer read(
      Text text, List<X509Certificate> roots, String trustDomain, Instant now, SecureRandom random)
      throws Unusable {
    Issuer issuer = new Issuer(key(text), chain(text), roots);
    issuer.requireCa();
    issuer.requirePair();
    issuer.requireNow(now);
    issuer.requireUnder(roots, "the trust roots in force", now);
    issuer.requireSigning(trustDomain, now, random);
    return issuer;
  }

  /** Reads roots in PEM. */
  public static List<X509Certificate> roots(String pem) throws Unusable {
    List<X509Certificate> roots = certificates("ca.crt", pem, ROOTS_MAX);
    for (X509Certificate root : roots) {
      if (root.getBasicConstraints() < 0) {
        throw new Unusable(
            "ca.crt: " + name(root) + " is not a CA's certificate (expected: trust roots)");
      }
    }
    return roots;
  }

  /**
   * The one of these roots to which a chain in PEM leads, whatever the date; empty when it leads to
   * none.
   */
  public static Optional<RootName> rootOf(String tlsCrt, List<X509Certificate> roots)
      throws Unusable {
    return root(certificates("tls.crt", tlsCrt, CHAIN_MAX), roots);
  }

  /** Roots as they are kept. */
  public static String pem(Collection<X509Certificate> roots) throws GeneralSecurityException {
    return Pem.of(roots);
  }

  /** As it is kept. */
  public Text text() throws GeneralSecurityException {
    return new Text(Pem.of(roots), Pem.of(chain), Pem.of(key));
  }

  public X509Certificate certificate() {
    return chain.getFirst();
  }

  /** The one of its roots under which it stands. */
  RootName root() throws GeneralSecurityException {
    return root(chain, roots)
        .orElseThrow(() -> new GeneralSecurityException(this + " is under none of its roots"));
  }

  private static Optional<RootName> root(List<X509Certificate> chain, List<X509Certificate> roots) {
    Instant begin = begin(chain);
    for (X509Certificate root : roots) {
      try {
        requireUnder(chain, List.of(root), "it", begin);
        return Optional.of(RootName.of(root));
      } catch (Unusable e) {
        // Under another one.
      }
    }
    return Optional.empty();
  }

  /** When it can sign no longer: when the first of its chain ends. */
  public Instant notAfter() {
    return chain.stream()
        .map(one -> one.getNotAfter().toInstant())
        .min(Instant::compareTo)
        .orElseThrow();
  }

  public Instant notBefore() {
    return begin(chain);
  }

  private static Instant begin(List<X509Certificate> chain) {
    return chain.stream()
        .map(one -> one.getNotBefore().toInstant())
        .max(Instant::compareTo)
        .orElseThrow();
  }

  /** For logs and events: who and until when. */
  @Override
  public String toString() {
    return name(certificate()) + " until " + notAfter();
  }

  private static PrivateKey key(Text text) throws Unusable {
    try {
      return Pem.ecKey(text.tlsKey());
    } catch (GeneralSecurityException e) {
      throw new Unusable("tls.key: " + e.getMessage(), e);
    }
  }

  private static List<X509Certificate> chain(Text text) throws Unusable {
    return certificates("tls.crt", text.tlsCrt(), CHAIN_MAX);
  }

  private static List<X509Certificate> certificates(String field, String pem, int max)
      throws Unusable {
    List<X509Certificate> found;
    try {
      found = Pem.certificates(pem);
    } catch (GeneralSecurityException e) {
      throw new Unusable(field + ": " + e.getMessage() + " (expected: certificates in PEM)", e);
    }
    if (found.isEmpty() || found.size() > max) {
      throw new Unusable(
          field + ": " + found.size() + " certificates (expected: 1 to " + max + " in PEM)");
    }
    return found;
  }

  private void requireCa() throws Unusable {
    X509Certificate own = certificate();
    boolean[] usage = own.getKeyUsage();
    // Bit 5 is keyCertSign.
    if (own.getBasicConstraints() < 0 || (usage != null && !usage[5])) {
      throw new Unusable(
          "tls.crt: "
              + name(own)
              + " may not sign certificates (expected: isCA, and key usage cert sign)");
    }
    if (!(own.getPublicKey() instanceof ECPublicKey ec)
        || ec.getParams().getCurve().getField().getFieldSize() != P256_BITS) {
      throw new Unusable(
          "tls.crt: "
              + name(own)
              + " has a key of another kind (expected: ECDSA P-256, which is algorithm ECDSA, size"
              + " 256 in a Certificate of cert-manager)");
    }
  }

  /** Throws unless key and certificate are a pair. */
  void requirePair() throws Unusable {
    byte[] probe = {1, 2, 3};
    try {
      Signature signer = Signature.getInstance(Certificates.SIGNATURE);
      signer.initSign(key);
      signer.update(probe);
      Signature verifier = Signature.getInstance(Certificates.SIGNATURE);
      verifier.initVerify(certificate().getPublicKey());
      verifier.update(probe);
      if (verifier.verify(signer.sign())) {
        return;
      }
    } catch (GeneralSecurityException e) {
      throw new Unusable("tls.key: it cannot sign: " + e.getMessage(), e);
    }
    throw new Unusable(
        "tls.key does not belong to "
            + name(certificate())
            + " (expected: a pair; restore both from one backup)");
  }

  private void requireNow(Instant now) throws Unusable {
    if (!now.isBefore(notAfter())) {
      throw new Unusable(
          "tls.crt: " + name(certificate()) + " ended at " + notAfter() + " (expected: later)");
    }
    if (now.isBefore(notBefore())) {
      throw new Unusable(
          "tls.crt: "
              + name(certificate())
              + " begins at "
              + notBefore()
              + " and the clock says "
              + now
              + " (expected: a clock that is right)");
    }
  }

  /** Throws unless the chain leads to one of these roots. */
  void requireUnder(List<X509Certificate> anchors, String whose, Instant now) throws Unusable {
    requireUnder(chain, anchors, whose, now);
  }

  private void requireSigning(String trustDomain, Instant now, SecureRandom random)
      throws Unusable {
    try {
      X509Certificate probe =
          Certificates.leaf(
              this,
              Certificates.newKey(random).getPublic(),
              new GeneralNames(
                  new GeneralName(
                      GeneralName.uniformResourceIdentifier,
                      new SpiffeId(trustDomain, "refmesh-system", "control-plane").uri())),
              BOTH,
              now.minusSeconds(1).truncatedTo(ChronoUnit.SECONDS),
              notAfter(),
              random);
      List<X509Certificate> path = new ArrayList<>(List.of(probe));
      path.addAll(chain);
      requireUnder(path, roots, "the trust roots, for a workload of " + trustDomain, now);
    } catch (GeneralSecurityException e) {
      throw new Unusable("tls.crt: it cannot sign: " + e.getMessage(), e);
    }
  }

  private static void requireUnder(
      List<X509Certificate> path, List<X509Certificate> anchors, String whose, Instant now)
      throws Unusable {
    X509Certificate first = path.getFirst();
    try {
      // A root that is its own issuer, or is sent along, is not a step of the path.
      List<X509Certificate> steps = path.stream().filter(one -> !anchors.contains(one)).toList();
      if (steps.isEmpty()) {
        return;
      }
      PKIXParameters parameters =
          new PKIXParameters(
              anchors.stream()
                  .map(root -> new TrustAnchor(root, null))
                  .collect(Collectors.toSet()));
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(steps), parameters);
    } catch (CertPathValidatorException e) {
      throw new Unusable(
          "tls.crt: "
              + name(first)
              + " is not under "
              + whose
              + " "
              + anchors.stream().map(Issuer::name).toList()
              + " ("
              + e.getMessage()
              + "; expected: a chain that ends at one of them)",
          e);
    } catch (GeneralSecurityException e) {
      throw new Unusable("tls.crt: it cannot be checked: " + e.getMessage(), e);
    }
  }

  private static String name(X509Certificate certificate) {
    String subject = certificate.getSubjectX500Principal().getName();
    return "\""
        + (subject.isEmpty() ? "serial " + certificate.getSerialNumber().toString(16) : subject)
        + "\"";
  }
}
