package io.refmesh.control.identity;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
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

/** Makes and signs X.509 certificates: roots, issuers, leaves. */
final class Certificates {

  static final String SIGNATURE = "SHA256withECDSA";

  /** Clocks of machines that never met a time server differ by more than the leaf's tolerance. */
  private static final Duration CA_BACKDATING = Duration.ofHours(1);

  private static final int SERIAL_BITS = 127;

  private Certificates() {}

  static KeyPair newKey(SecureRandom random) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"), random);
    return generator.generateKeyPair();
  }

  /**
   * A CA's certificate, which ends with its root at the latest.
   *
   * @param root that signs; null for a root, which signs itself
   */
  static X509Certificate ca(
      String role,
      String trustDomain,
      PublicKey key,
      PrivateKey signer,
      @Nullable X509Certificate root,
      Instant now,
      Duration lifetime,
      SecureRandom random)
      throws GeneralSecurityException {
    X500Name subject =
        new X500Name("CN=refmesh " + role + " " + now.getEpochSecond() + ",O=" + trustDomain);
    Instant end = now.plus(lifetime);
    if (root != null && root.getNotAfter().toInstant().isBefore(end)) {
      end = root.getNotAfter().toInstant();
    }
    try {
      JcaX509ExtensionUtils ids = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new X509v3CertificateBuilder(
                  root == null ? subject : subject(root),
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

  /** A leaf with these names and no subject. */
  static X509Certificate leaf(
      Issuer issuer,
      PublicKey key,
      GeneralNames names,
      KeyPurposeId[] purposes,
      Instant notBefore,
      Instant notAfter,
      SecureRandom random)
      throws GeneralSecurityException {
    try {
      JcaX509ExtensionUtils ids = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new X509v3CertificateBuilder(
                  subject(issuer.certificate()),
                  serial(random),
                  Date.from(notBefore),
                  Date.from(notAfter),
                  new X500Name(new RDN[0]),
                  SubjectPublicKeyInfo.getInstance(key.getEncoded()))
              .addExtension(Extension.subjectAlternativeName, true, names)
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes))
              .addExtension(
                  Extension.subjectKeyIdentifier, false, ids.createSubjectKeyIdentifier(key))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  ids.createAuthorityKeyIdentifier(issuer.certificate().getPublicKey()));
      return sign(builder, issuer.key());
    } catch (CertIOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static X500Name subject(X509Certificate certificate) {
    return X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
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
}
