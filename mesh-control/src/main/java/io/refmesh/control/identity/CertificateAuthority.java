package io.refmesh.control.identity;

import io.refmesh.model.identity.SpiffeId;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A root and an issuer (ECDSA P-256) that sign workloads' certificates. Both are made at the first
 * start and kept in the state folder; the issuer is renewed at a start when it has less than a
 * month left. Thread-safe.
 */
public final class CertificateAuthority {

  /** Sub-folder of the state folder. */
  static final String FOLDER = "ca";

  private static final String SIGNATURE = "SHA256withECDSA";
  private static final Duration ROOT_LIFETIME = Duration.ofDays(3650);
  private static final Duration ISSUER_LIFETIME = Duration.ofDays(365);
  private static final Duration ISSUER_RENEWED_BEFORE_END = Duration.ofDays(30);

  /** Clocks of machines that never met a time server differ by more than the leaf's tolerance. */
  private static final Duration CA_BACKDATING = Duration.ofHours(1);

  private static final int SERIAL_BITS = 127;

  private final String trustDomain;
  private final X509Certificate root;
  private final X509Certificate issuer;
  private final PrivateKey issuerKey;
  private final InstantSource clock;
  private final SecureRandom random;

  private CertificateAuthority(
      String trustDomain,
      X509Certificate root,
      X509Certificate issuer,
      PrivateKey issuerKey,
      InstantSource clock,
      SecureRandom random) {
    this.trustDomain = trustDomain;
    this.root = root;
    this.issuer = issuer;
    this.issuerKey = issuerKey;
    this.clock = clock;
    this.random = random;
  }

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
   */
  public record Issued(List<X509Certificate> chain, Instant notBefore, Instant notAfter) {
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
      KeyPair key = newKey(random);
      X509Certificate made =
          certifyCa("root", trustDomain, key.getPublic(), key.getPrivate(), null, now, random);
      folder.write("root.key", Pem.of(key.getPrivate()));
      folder.write("root.pem", Pem.of(List.of(made)));
    }
    X509Certificate root = Pem.certificate(folder.readText("root.pem"));
    if (!folder.has("issuer.pem")
        || endsSoon(Pem.certificate(folder.readText("issuer.pem")), root, now)) {
      KeyPair key = newKey(random);
      PrivateKey rootKey = Pem.ecKey(folder.readText("root.key"));
      requirePair(rootKey, root, "root");
      X509Certificate made =
          certifyCa("issuer", trustDomain, key.getPublic(), rootKey, root, now, random);
      folder.write("issuer.key", Pem.of(key.getPrivate()));
      folder.write("issuer.pem", Pem.of(List.of(made)));
    }
    X509Certificate issuer = Pem.certificate(folder.readText("issuer.pem"));
    PrivateKey issuerKey = Pem.ecKey(folder.readText("issuer.key"));
    requirePair(issuerKey, issuer, "issuer");
    issuer.verify(root.getPublicKey());
    return new CertificateAuthority(trustDomain, root, issuer, issuerKey, clock, random);
  }

  public String trustDomain() {
    return trustDomain;
  }

  /** What peers must trust. */
  public List<X509Certificate> roots() {
    return List.of(root);
  }

  public String rootsPem() throws GeneralSecurityException {
    return Pem.of(roots());
  }

  /** When the CA can sign no longer. */
  public Instant notAfter() {
    return issuer.getNotAfter().toInstant();
  }

  /**
   * Signs a leaf that is valid from {@code clockSkew} ago and ends with the issuer at the latest.
   */
  public Issued issue(PublicKey key, SpiffeId identity, Duration lifetime, Duration clockSkew)
      throws Unavailable, GeneralSecurityException {
    Instant now = clock.instant();
    if (!now.isBefore(notAfter())) {
      throw new Unavailable(
          "the issuer ended at "
              + notAfter()
              + " (expected: later than now; restart the control plane, which makes a new one)");
    }
    if (now.isBefore(issuer.getNotBefore().toInstant())) {
      throw new Unavailable(
          "the issuer begins at "
              + issuer.getNotBefore().toInstant()
              + " and the clock says "
              + now
              + " (expected: a clock that is right)");
    }
    Instant end = now.plus(lifetime);
    Instant notAfter =
        (end.isBefore(notAfter()) ? end : notAfter()).truncatedTo(ChronoUnit.SECONDS);
    Instant notBefore = now.minus(clockSkew).truncatedTo(ChronoUnit.SECONDS);
    try {
      JcaX509ExtensionUtils ids = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new X509v3CertificateBuilder(
                  X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded()),
                  serial(random),
                  Date.from(notBefore),
                  Date.from(notAfter),
                  new X500Name(new RDN[0]),
                  SubjectPublicKeyInfo.getInstance(key.getEncoded()))
              .addExtension(
                  Extension.subjectAlternativeName,
                  true,
                  new GeneralNames(
                      new GeneralName(GeneralName.uniformResourceIdentifier, identity.uri())))
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(
                  Extension.extendedKeyUsage,
                  false,
                  new ExtendedKeyUsage(
                      new KeyPurposeId[] {
                        KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                      }))
              .addExtension(
                  Extension.subjectKeyIdentifier, false, ids.createSubjectKeyIdentifier(key))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  ids.createAuthorityKeyIdentifier(issuer.getPublicKey()));
      return new Issued(List.of(sign(builder, issuerKey), issuer), notBefore, notAfter);
    } catch (CertIOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  static KeyPair newKey(SecureRandom random) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"), random);
    return generator.generateKeyPair();
  }

  private static X509Certificate certifyCa(
      String role,
      String trustDomain,
      PublicKey key,
      PrivateKey signer,
      @Nullable X509Certificate root,
      Instant now,
      SecureRandom random)
      throws GeneralSecurityException {
    X500Name subject =
        new X500Name("CN=refmesh " + role + " " + now.getEpochSecond() + ",O=" + trustDomain);
    Instant end = now.plus(root == null ? ROOT_LIFETIME : ISSUER_LIFETIME);
    if (root != null && root.getNotAfter().toInstant().isBefore(end)) {
      end = root.getNotAfter().toInstant();
    }
    try {
      JcaX509ExtensionUtils ids = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new X509v3CertificateBuilder(
                  root == null
                      ? subject
                      : X500Name.getInstance(root.getSubjectX500Principal().getEncoded()),
                  serial(random),
                  Date.from(now.minus(CA_BACKDATING)),
                  Date.from(end),
                  subject,
                  SubjectPublicKeyInfo.getInstance(key.getEncoded()))
              .addExtension(
                  Extension.basicConstraints, true, new BasicConstraints(root == null ? 1 : 0))
              .addExtension(
                  Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
              .addExtension(
                  Extension.subjectKeyIdentifier, false, ids.createSubjectKeyIdentifier(key))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  ids.createAuthorityKeyIdentifier(root == null ? key : root.getPublicKey()));
      return sign(builder, signer);
    } catch (CertIOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws GeneralSecurityException {
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(new JcaContentSignerBuilder(SIGNATURE).build(key)));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static BigInteger serial(SecureRandom random) {
    BigInteger serial;
    do {
      serial = new BigInteger(SERIAL_BITS, random);
    } while (serial.signum() == 0);
    return serial;
  }

  // An issuer ends with its root at the latest; making another would not help then.
  private static boolean endsSoon(X509Certificate issuer, X509Certificate root, Instant now) {
    Instant end = issuer.getNotAfter().toInstant();
    return end.minus(ISSUER_RENEWED_BEFORE_END).isBefore(now)
        && end.isBefore(root.getNotAfter().toInstant());
  }

  private static void requirePair(PrivateKey key, X509Certificate certificate, String role)
      throws GeneralSecurityException {
    byte[] probe = {1, 2, 3};
    Signature signer = Signature.getInstance(SIGNATURE);
    signer.initSign(key);
    signer.update(probe);
    Signature verifier = Signature.getInstance(SIGNATURE);
    verifier.initVerify(certificate.getPublicKey());
    verifier.update(probe);
    if (!verifier.verify(signer.sign())) {
      throw new GeneralSecurityException(
          "ca/"
              + role
              + ".key does not belong to ca/"
              + role
              + ".pem (expected: a pair; restore both from one backup)");
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
