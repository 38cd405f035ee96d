package io.refmesh.control.identity;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;

/** Keys and certificates as PEM text (RFC 7468). */
final class Pem {

  private static final int LINE_CHARACTERS = 64;

  private Pem() {}

  static String of(PrivateKey key) {
    return block("PRIVATE KEY", key.getEncoded());
  }

  static String of(Collection<X509Certificate> certificates) throws GeneralSecurityException {
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : certificates) {
      text.append(block("CERTIFICATE", certificate.getEncoded()));
    }
    return text.toString();
  }

  /** An EC key in PKCS#8, or as OpenSSL and cert-manager write it (RFC 5915). */
  static PrivateKey ecKey(String text) throws GeneralSecurityException {
    try (PEMParser parser = new PEMParser(new StringReader(text))) {
      for (Object block = parser.readObject(); block != null; block = parser.readObject()) {
        // Parameters of the curve may come first.
        if (block instanceof PrivateKeyInfo key) {
          return ecKey(key);
        }
        if (block instanceof PEMKeyPair pair) {
          return ecKey(pair.getPrivateKeyInfo());
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new GeneralSecurityException("not a key in PEM: " + e.getMessage(), e);
    }
    throw new GeneralSecurityException("not a key in PEM (expected: -----BEGIN PRIVATE KEY-----)");
  }

  static X509Certificate certificate(String text) throws GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(
                new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)));
  }

  static List<X509Certificate> certificates(String text) throws GeneralSecurityException {
    return CertificateFactory.getInstance("X.509")
        .generateCertificates(new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)))
        .stream()
        .map(X509Certificate.class::cast)
        .toList();
  }

  private static PrivateKey ecKey(PrivateKeyInfo key) throws GeneralSecurityException, IOException {
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key.getEncoded()));
  }

  private static String block(String label, byte[] der) {
    String body = Base64.getMimeEncoder(LINE_CHARACTERS, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
  }
}
