package io.refmesh.proxy.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.identity.SpiffeId;
import io.refmesh.testkit.TestCa;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.junit.jupiter.api.Test;

class CsrTest {

  private static final SpiffeId WEB = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/web");

  @Test
  void asksForOneUriNameWithAnEmptySubjectAndAValidSignature() throws Exception {
    KeyPair key = newKey();

    PKCS10CertificationRequest request = new PKCS10CertificationRequest(Csr.encode(key, WEB));

    assertThat(
            request.isSignatureValid(
                new JcaContentVerifierProviderBuilder().build(key.getPublic())))
        .isTrue();
    assertThat(request.getSubject().getRDNs()).isEmpty();
    Extensions extensions =
        Extensions.getInstance(
            request
                .getAttributes(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest)[0]
                .getAttrValues()
                .getObjectAt(0));
    GeneralNames names = GeneralNames.fromExtensions(extensions, Extension.subjectAlternativeName);
    assertThat(names.getNames())
        .containsExactly(new GeneralName(GeneralName.uniformResourceIdentifier, WEB.uri()));
  }

  @Test
  void isSignedByACaAlsoWithALongIdentity() throws Exception {
    TestCa ca = new TestCa("root");
    SpiffeId longest = new SpiffeId("d".repeat(255), "n".repeat(253), "s".repeat(253));
    KeyPair key = newKey();
    Instant now = Instant.now();

    X509Certificate leaf =
        ca.certify(Csr.encode(key, longest), longest.uri(), now, now.plusSeconds(60));

    assertThat(leaf.getPublicKey()).isEqualTo(key.getPublic());
  }

  private static KeyPair newKey() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }
}
