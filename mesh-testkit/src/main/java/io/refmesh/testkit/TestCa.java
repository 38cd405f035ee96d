package io.refmesh.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/**
 * A certificate authority of a test: one P-256 root that issues leaves for SPIFFE ids with whatever
 * validity is asked for. Two of them do not trust each other.
 */
public final class TestCa {

  private static final AtomicLong SERIAL = new AtomicLong(1);

  private final KeyPair key;
  private final X509Certificate root;

  /** A new root that began yesterday and lasts ten years. */
  public TestCa(String commonName) {
    key = newKey();
    Instant now = Instant.now();
    X500Name name = new X500Name("CN=" + commonName);
    JcaX509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            name,
            serial(),
            Date.from(now.minus(Duration.ofDays(1))),
            Date.from(now.plus(Duration.ofDays(3650))),
            name,
            key.getPublic());
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
    } catch (CertIOException e) {
      throw new UncheckedIOException(e);
    }
    root = sign(builder);
  }

  /** A key with the chain that belongs to it, leaf first, without the root. */
  public record Leaf(PrivateKey key, List<X509Certificate> chain) {

    public Leaf {
      chain = List.copyOf(chain);
    }

    public X509Certificate certificate() {
      return chain.getFirst();
    }

    /** Writes {@code key.pem} (PKCS#8) and {@code chain.pem} into the folder. */
    public void writeTo(Path folder) {
      writeText(folder.resolve("key.pem"), pem("PRIVATE KEY", key.getEncoded()));
      writeText(folder.resolve("chain.pem"), pemOf(chain));
    }
  }

  public X509Certificate root() {
    return root;
  }

  /** A leaf that is valid from a minute ago for an hour. */
  public Leaf leaf(String spiffeId) {
    Instant now = Instant.now();
    return leaf(spiffeId, now.minus(Duration.ofMinutes(1)), now.plus(Duration.ofHours(1)));
  }

  public Leaf leaf(String spiffeId, Instant notBefore, Instant notAfter) {
    KeyPair leafKey = newKey();
    return new Leaf(
        leafKey.getPrivate(), List.of(issue(leafKey.getPublic(), spiffeId, notBefore, notAfter)));
  }

  /**
   * Signs a PKCS#10 request whatever it says, for {@code spiffeId}; throws if its own signature is
   * wrong.
   */
  public X509Certificate certify(byte[] csr, String spiffeId, Instant notBefore, Instant notAfter) {
    try {
      JcaPKCS10CertificationRequest request = new JcaPKCS10CertificationRequest(csr);
      if (!request.isSignatureValid(
          new org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder()
              .build(request.getPublicKey()))) {
        throw new IllegalArgumentException(
            "CSR: its signature does not fit its key (expected: signed by the key)");
      }
      return issue(request.getPublicKey(), spiffeId, notBefore, notAfter);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException | OperatorCreationException | PKCSException e) {
      throw new IllegalArgumentException("CSR: cannot be read", e);
    }
  }

  /** Writes the root as PEM. */
  public void writeRoot(Path file) {
    writeText(file, pemOf(List.of(root)));
  }

  /** Certificates as PEM text, one after the other. */
  public static String pemOf(List<X509Certificate> certificates) {
    StringBuilder text = new StringBuilder();
    try {
      for (X509Certificate certificate : certificates) {
        text.append(pem("CERTIFICATE", certificate.getEncoded()));
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    return text.toString();
  }

  private X509Certificate issue(
      PublicKey publicKey, String spiffeId, Instant notBefore, Instant notAfter) {
    JcaX509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            new X500Name(root.getSubjectX500Principal().getName()),
            serial(),
            Date.from(notBefore),
            Date.from(notAfter),
            new X500Name(new org.bouncycastle.asn1.x500.RDN[0]),
            publicKey);
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(
              new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
      // Critical because the subject is empty (RFC 5280 §4.2.1.6).
      builder.addExtension(
          Extension.subjectAlternativeName,
          true,
          new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, spiffeId)));
    } catch (CertIOException e) {
      throw new UncheckedIOException(e);
    }
    return sign(builder);
  }

  private X509Certificate sign(X509v3CertificateBuilder builder) {
    try {
      ContentSigner signer = new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate());
      return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
    } catch (OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException("signing a test certificate failed", e);
    }
  }

  private static KeyPair newKey() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot make P-256 keys", e);
    }
  }

  private static BigInteger serial() {
    return BigInteger.valueOf(SERIAL.getAndIncrement());
  }

  private static String pem(String type, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
  }

  private static void writeText(Path file, String text) {
    try {
      Files.writeString(file, text, StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
