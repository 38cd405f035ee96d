package io.refmesh.proxy.control;

import io.refmesh.model.identity.SpiffeId;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;

/**
 * A certificate signing request for one SPIFFE id, in DER.
 *
 * <pre>
 * SEQUENCE                                  CertificationRequest (RFC 2986 §4.2)
 *   SEQUENCE                                  CertificationRequestInfo
 *     INTEGER 0                                 version
 *     SEQUENCE {}                               subject: empty
 *     SEQUENCE …                                SubjectPublicKeyInfo, as the key encodes itself
 *     [0]                                       attributes
 *       SEQUENCE
 *         OID 1.2.840.113549.1.9.14               extensionRequest (RFC 2985 §5.4.2)
 *         SET
 *           SEQUENCE
 *             SEQUENCE
 *               OID 2.5.29.17                         subjectAltName
 *               BOOLEAN TRUE                          critical, for the subject is empty
 *               OCTET STRING
 *                 SEQUENCE
 *                   [6] spiffe://…                      uniformResourceIdentifier
 *   SEQUENCE { OID 1.2.840.10045.4.3.2 }      ecdsa-with-SHA256
 *   BIT STRING                                signature over CertificationRequestInfo
 * </pre>
 */
final class Csr {

  private static final int BOOLEAN = 0x01;
  private static final int INTEGER = 0x02;
  private static final int BIT_STRING = 0x03;
  private static final int OCTET_STRING = 0x04;
  private static final int OID = 0x06;
  private static final int SEQUENCE = 0x30;
  private static final int SET = 0x31;
  private static final int CONTEXT_0_CONSTRUCTED = 0xa0;
  private static final int CONTEXT_6 = 0x86;

  private static final byte[] EXTENSION_REQUEST = {
    0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 9, 14
  };
  private static final byte[] SUBJECT_ALT_NAME = {0x55, 0x1d, 17};
  private static final byte[] ECDSA_WITH_SHA256 = {
    0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 4, 3, 2
  };

  private Csr() {}

  static byte[] encode(KeyPair key, SpiffeId identity) throws GeneralSecurityException {
    byte[] uri = der(CONTEXT_6, identity.uri().getBytes(StandardCharsets.US_ASCII));
    byte[] extension =
        der(
            SEQUENCE,
            der(OID, SUBJECT_ALT_NAME),
            der(BOOLEAN, new byte[] {(byte) 0xff}),
            der(OCTET_STRING, der(SEQUENCE, uri)));
    byte[] request = der(SEQUENCE, der(OID, EXTENSION_REQUEST), der(SET, der(SEQUENCE, extension)));
    byte[] info =
        der(
            SEQUENCE,
            der(INTEGER, new byte[] {0}),
            der(SEQUENCE),
            key.getPublic().getEncoded(),
            der(CONTEXT_0_CONSTRUCTED, request));
    Signature signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(key.getPrivate());
    signature.update(info);
    // The first byte of a BIT STRING says how many bits of the last one are unused.
    byte[] signed = der(BIT_STRING, new byte[] {0}, signature.sign());
    return der(SEQUENCE, info, der(SEQUENCE, der(OID, ECDSA_WITH_SHA256)), signed);
  }

  private static byte[] der(int tag, byte[]... contents) {
    int length = 0;
    for (byte[] content : contents) {
      length += content.length;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(length + 5);
    out.write(tag);
    if (length < 0x80) {
      out.write(length);
    } else if (length < 0x100) {
      out.write(0x81);
      out.write(length);
    } else {
      out.write(0x82);
      out.write(length >> 8);
      out.write(length);
    }
    for (byte[] content : contents) {
      out.writeBytes(content);
    }
    return out.toByteArray();
  }
}
