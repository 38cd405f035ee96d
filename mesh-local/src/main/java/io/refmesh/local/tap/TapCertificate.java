package io.refmesh.local.tap;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.refmesh.control.identity.TokenIssuer;
import io.refmesh.local.StateFolder;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.v1.CertifyRequest;
import io.refmesh.model.wire.v1.CertifyResponse;
import io.refmesh.model.wire.v1.IdentityGrpc;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/**
 * The certificate of whoever taps a local mesh. It is asked of the control plane like any other,
 * with a token that the key in the state folder makes, so that who can read that folder can tap,
 * and the audit log has a line about it.
 *
 * @param roots that sidecars' certificates lead to
 */
record TapCertificate(KeyPair key, List<X509Certificate> chain, List<X509Certificate> roots) {

  /** As every sidecar of a local mesh has it. */
  static final String ACCOUNT = "tap";

  private static final String NAMESPACE = "refmesh-system";
  private static final Duration TOKEN_LIFETIME = Duration.ofMinutes(1);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);

  static TapCertificate ask(StateFolder state, InstantSource clock) throws IOException {
    StateFolder.MeshFile mesh = state.readMesh();
    SpiffeId identity = new SpiffeId(mesh.trustDomain(), NAMESPACE, ACCOUNT);
    String token =
        TokenIssuer.open(state.control(), clock)
            .issue(identity, NAMESPACE + "/" + ACCOUNT + "/0", TOKEN_LIFETIME);
    try {
      List<X509Certificate> roots = read(state);
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      KeyPair key = generator.generateKeyPair();
      CertifyResponse answer = certify(mesh, roots, identity, request(key, identity), token);
      List<X509Certificate> chain = new ArrayList<>();
      for (ByteString der : answer.getChainList()) {
        chain.add(decode(der.newInput()));
      }
      return new TapCertificate(key, List.copyOf(chain), roots);
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IOException("a certificate to tap with cannot be made: " + e.getMessage(), e);
    }
  }

  private static CertifyResponse certify(
      StateFolder.MeshFile mesh,
      List<X509Certificate> roots,
      SpiffeId identity,
      byte[] csr,
      String token)
      throws IOException, GeneralSecurityException {
    SpiffeId control = new SpiffeId(mesh.trustDomain(), NAMESPACE, "control-plane");
    int colon = mesh.controlAddress().lastIndexOf(':');
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(
                mesh.controlAddress().substring(0, colon),
                Integer.parseInt(mesh.controlAddress().substring(colon + 1)))
            .sslContext(
                GrpcSslContexts.forClient()
                    .trustManager(SidecarTrust.of(roots, control))
                    .endpointIdentificationAlgorithm(null)
                    .build())
            .build();
    try {
      return IdentityGrpc.newBlockingStub(channel)
          .withDeadlineAfter(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
          .certify(
              CertifyRequest.newBuilder()
                  .setIdentity(identity.uri())
                  .setCsr(ByteString.copyFrom(csr))
                  .setToken(token)
                  .build());
    } catch (StatusRuntimeException e) {
      throw new IOException(
          "the control plane at "
              + mesh.controlAddress()
              + " gave no certificate to tap with: "
              + e.getStatus()
              + " (expected: a mesh that is up)",
          e);
    } finally {
      channel.shutdownNow();
    }
  }

  private static byte[] request(KeyPair key, SpiffeId identity)
      throws IOException, OperatorCreationException {
    ExtensionsGenerator extensions = new ExtensionsGenerator();
    extensions.addExtension(
        Extension.subjectAlternativeName,
        true,
        new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, identity.uri())));
    return new JcaPKCS10CertificationRequestBuilder(new X500Principal(""), key.getPublic())
        .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate()))
        .getEncoded();
  }

  private static List<X509Certificate> read(StateFolder state)
      throws IOException, CertificateException {
    try (InputStream pem = new ByteArrayInputStream(Files.readAllBytes(state.roots()))) {
      return CertificateFactory.getInstance("X.509").generateCertificates(pem).stream()
          .map(X509Certificate.class::cast)
          .toList();
    }
  }

  private static X509Certificate decode(InputStream der) throws CertificateException {
    return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(der);
  }
}
