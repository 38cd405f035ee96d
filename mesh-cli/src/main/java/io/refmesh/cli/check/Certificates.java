package io.refmesh.cli.check;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;

/** Certificates as the API server keeps them. */
final class Certificates {

  private Certificates() {}

  /** Those of a PEM text; throws when there is none. */
  static List<X509Certificate> ofPem(String pem) throws CertificateException {
    List<X509Certificate> certificates =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))
            .stream()
            .map(X509Certificate.class::cast)
            .toList();
    if (certificates.isEmpty()) {
      throw new CertificateException("no certificate");
    }
    return certificates;
  }

  /** Those of a field with a PEM text in base64. */
  static List<X509Certificate> ofBase64(String text) throws CertificateException {
    try {
      return ofPem(new String(Base64.getDecoder().decode(text), StandardCharsets.US_ASCII));
    } catch (IllegalArgumentException e) {
      throw new CertificateException("not base64: " + e.getMessage(), e);
    }
  }
}
