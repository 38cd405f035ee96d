package io.refmesh.control.identity;

import io.refmesh.control.identity.Refusal.Reason;
import io.refmesh.model.identity.SpiffeId;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;

/**
 * The rules for a PKCS#10 request: an EC P-256 key, whose possession it proves, and one name, the
 * URI of the identity. Whatever else it asks for is not copied into the certificate.
 */
final class CertificateRequest {

  /** A P-256 request is about 400 bytes. */
  private static final int BYTES_MAX = 16 * 1024;

  private CertificateRequest() {}

  /** The key to certify, or the refusal. */
  static PublicKey requireKey(byte[] der, SpiffeId identity) throws Refusal {
    PKCS10CertificationRequest request = decode(der);
    PublicKey key = requireP256(request.getSubjectPublicKeyInfo());
    requireProof(request);
    requireNames(request, identity);
    return key;
  }

  private static PKCS10CertificationRequest decode(byte[] der) throws Refusal {
    if (der.length == 0 || der.length > BYTES_MAX) {
      throw new Refusal(
          Reason.CSR_MALFORMED,
          der.length + " bytes (expected: a PKCS#10 request of 1 to " + BYTES_MAX + " bytes)");
    }
    try {
      return new PKCS10CertificationRequest(der);
    } catch (IOException | RuntimeException e) {
      throw new Refusal(
          Reason.CSR_MALFORMED, "not a PKCS#10 request in DER (" + e.getMessage() + ")", e);
    }
  }

  private static PublicKey requireP256(SubjectPublicKeyInfo info) throws Refusal {
    try {
      if (info.getAlgorithm().getAlgorithm().equals(X9ObjectIdentifiers.id_ecPublicKey)
          && info.getAlgorithm().getParameters() instanceof ASN1ObjectIdentifier curve
          && curve.equals(SECObjectIdentifiers.secp256r1)) {
        return KeyFactory.getInstance("EC")
            .generatePublic(new X509EncodedKeySpec(info.getEncoded()));
      }
    } catch (GeneralSecurityException | IOException | RuntimeException e) {
      throw new Refusal(
          Reason.CSR_KEY, "the key cannot be read (" + e.getMessage() + "; expected: EC P-256)", e);
    }
    throw new Refusal(
        Reason.CSR_KEY,
        "a key of algorithm " + info.getAlgorithm().getAlgorithm() + " (expected: EC P-256)");
  }

  private static void requireProof(PKCS10CertificationRequest request) throws Refusal {
    try {
      if (request.isSignatureValid(
          new JcaContentVerifierProviderBuilder().build(request.getSubjectPublicKeyInfo()))) {
        return;
      }
    } catch (OperatorCreationException | PKCSException | RuntimeException e) {
      throw new Refusal(
          Reason.CSR_PROOF, "its signature cannot be checked (" + e.getMessage() + ")", e);
    }
    throw new Refusal(
        Reason.CSR_PROOF, "it is not signed by its own key (expected: proof of possession)");
  }

  private static void requireNames(PKCS10CertificationRequest request, SpiffeId identity)
      throws Refusal {
    String expected = " (expected: one URI, " + identity.uri() + ", and no other name)";
    GeneralName[] names;
    try {
      Attribute[] attributes =
          request.getAttributes(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest);
      if (attributes.length != 1 || attributes[0].getAttrValues().size() != 1) {
        throw new Refusal(
            Reason.CSR_NAMES, attributes.length + " requests for extensions" + expected);
      }
      Extensions extensions = Extensions.getInstance(attributes[0].getAttrValues().getObjectAt(0));
      Extension extension = extensions.getExtension(Extension.subjectAlternativeName);
      if (extension == null) {
        throw new Refusal(Reason.CSR_NAMES, "no subject alternative name" + expected);
      }
      names = GeneralNames.getInstance(extension.getParsedValue()).getNames();
    } catch (RuntimeException e) {
      throw new Refusal(
          Reason.CSR_MALFORMED, "its names cannot be read (" + e.getMessage() + ")" + expected, e);
    }
    if (names.length != 1) {
      throw new Refusal(Reason.CSR_NAMES, names.length + " names" + expected);
    }
    if (names[0].getTagNo() != GeneralName.uniformResourceIdentifier
        || !names[0].getName().toString().equals(identity.uri())) {
      throw new Refusal(Reason.CSR_NAMES, "the name " + names[0].getName() + expected);
    }
  }
}
