package io.refmesh.control.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.refmesh.control.identity.Refusal.Reason;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.v1.CertifyRequest;
import io.refmesh.model.wire.v1.CertifyResponse;
import java.io.ByteArrayInputStream;
import java.io.FileDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x509.GeneralName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertifyServiceTest {

  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final Peer CALLER = new Peer("127.0.0.1", "127.0.0.1:40000", Optional.empty());
  private static final GeneralName URI =
      new GeneralName(GeneralName.uniformResourceIdentifier, WEB.uri());

  @TempDir private Path state;
  private final ManualClock clock = new ManualClock();
  private final SecureRandom random = new SecureRandom();
  private final List<String> results = new ArrayList<>();
  private final KeyPair key = Csrs.p256();
  private MeshConfig.Identity settings = MeshConfig.Identity.DEFAULT;
  private Identity identity;
  private CertificateAuthority authority;
  private CertifyService service;

  @BeforeEach
  void open() throws Exception {
    identity = Identity.local(state, "cluster.local", clock, random);
    authority = identity.authority();
    service =
        new CertifyService(
            identity,
            clock,
            () -> settings,
            new CertifyService.Listener() {
              @Override
              public void issued(
                  String workload,
                  String identity,
                  String serial,
                  Instant notBefore,
                  Instant notAfter) {
                results.add("issued");
              }

              @Override
              public void refused(String reason) {
                results.add(reason);
              }
            });
  }

  @AfterEach
  void close() throws IOException {
    identity.close();
  }

  @Test
  void signsWithTheConfiguredLifeRenewalAndTolerance() throws Exception {
    settings = new MeshConfig.Identity(Duration.ofSeconds(5), 60, Duration.ofSeconds(30));

    CertifyResponse response = certify(Csrs.forUri(key, WEB.uri()));

    X509Certificate leaf = leaf(response);
    Instant now = clock.instant();
    assertThat(leaf.getNotAfter().toInstant()).isEqualTo(now.plusSeconds(5));
    assertThat(leaf.getNotBefore().toInstant()).isEqualTo(now.minusSeconds(30));
    assertThat(response.getRenewAtEpochMillis()).isEqualTo(now.plusSeconds(3).toEpochMilli());
    assertThat(leaf.getPublicKey()).isEqualTo(key.getPublic());
    assertThat(leaf.getSerialNumber().signum()).isPositive();
    assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
    assertThat(results).containsExactly("issued");
    assertThat(audit())
        .contains("\"decision\":\"issued\"", "\"workload\":\"shop/web/0\"", "127.0.0.1:40000");
  }

  @Test
  void refusesEveryRequestThatBreaksARule() {
    KeyPair other = Csrs.p256();
    KeyPair p384 = Csrs.key("EC", "secp384r1");
    KeyPair rsa = Csrs.key("RSA", "");
    GeneralName dns = new GeneralName(GeneralName.dNSName, "cart.shop");
    GeneralName foreign =
        new GeneralName(
            GeneralName.uniformResourceIdentifier, "spiffe://cluster.local/ns/shop/sa/cart");

    refused(Reason.CSR_MALFORMED, new byte[0]);
    refused(Reason.CSR_MALFORMED, new byte[] {1, 2, 3});
    refused(Reason.CSR_MALFORMED, new byte[100_000]);
    refused(Reason.CSR_PROOF, Csrs.of(key, other, "SHA256withECDSA", URI));
    refused(Reason.CSR_KEY, Csrs.of(p384, p384, "SHA256withECDSA", URI));
    refused(Reason.CSR_KEY, Csrs.of(rsa, rsa, "SHA256withRSA", URI));
    refused(Reason.CSR_NAMES, Csrs.of(key, key, "SHA256withECDSA"));
    refused(Reason.CSR_NAMES, Csrs.of(key, key, "SHA256withECDSA", dns));
    refused(Reason.CSR_NAMES, Csrs.of(key, key, "SHA256withECDSA", URI, dns));
    refused(Reason.CSR_NAMES, Csrs.of(key, key, "SHA256withECDSA", URI, foreign));
    refused(Reason.CSR_NAMES, Csrs.of(key, key, "SHA256withECDSA", foreign));
    assertThat(results).hasSize(11).doesNotContain("issued");
  }

  @Test
  void refusesATokenThatComesWithAnotherWorkloadsCertificate() {
    Peer thief =
        new Peer(
            "127.0.0.1", "127.0.0.1:1", Optional.of(new SpiffeId("cluster.local", "shop", "cart")));

    assertThatThrownBy(() -> service.certify(request(Csrs.forUri(key, WEB.uri())), thief))
        .isInstanceOfSatisfying(
            Refusal.class, r -> assertThat(r.reason()).isEqualTo(Reason.TOKEN_REPLAYED));
  }

  @Test
  void isUnavailableOnceItsIssuerEnded() {
    clock.advance(Duration.ofDays(366));

    assertThatThrownBy(() -> certify(Csrs.forUri(key, WEB.uri())))
        .isInstanceOfSatisfying(
            Refusal.class,
            refusal -> {
              assertThat(refusal.reason()).isEqualTo(Reason.CA_UNAVAILABLE);
              assertThat(refusal.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            });
  }

  @Test
  void makesANewIssuerUnderTheSameRootAtAStartShortBeforeTheEnd() throws Exception {
    clock.advance(Duration.ofDays(350));

    CertificateAuthority later = CertificateAuthority.open(state, "cluster.local", clock, random);

    assertThat(later.roots()).isEqualTo(authority.roots());
    assertThat(later.notAfter()).isAfter(authority.notAfter());
  }

  @Test
  void neverSignsBeyondItsOwnEnd() throws Exception {
    settings = new MeshConfig.Identity(Duration.ofDays(400), 70, Duration.ZERO);

    assertThat(leaf(certify(Csrs.forUri(key, WEB.uri()))).getNotAfter().toInstant())
        .isEqualTo(authority.notAfter());
  }

  @Test
  void issuesNothingThatItCannotAudit() throws Exception {
    identity.close();

    assertThatThrownBy(() -> certify(Csrs.forUri(key, WEB.uri())))
        .isInstanceOfSatisfying(
            Refusal.class, r -> assertThat(r.reason()).isEqualTo(Reason.AUDIT_UNAVAILABLE));
  }

  @Test
  void leavesStandardOutputToOthersWhenItsLogIsClosed() throws Exception {
    Audit.toStandardOutput(clock).close();

    assertThat(FileDescriptor.out.valid()).isTrue();
  }

  @Test
  void boundsTheLinesThatRefusalsWrite() throws Exception {
    for (int count = 0; count < 150; count++) {
      refused(Reason.CSR_MALFORMED, new byte[0]);
    }
    clock.advance(Duration.ofSeconds(1));
    refused(Reason.CSR_MALFORMED, new byte[0]);

    assertThat(audit().lines()).hasSize(101).last().asString().contains("\"refusalsLeftOut\":50");
  }

  @Test
  void keepsKeysFromOthersAndRefusesAFolderThatIsOpen() throws Exception {
    Path ca = state.resolve("ca");
    assertThat(mode(ca)).isEqualTo("rwx------");
    assertThat(mode(ca.resolve("root.key"))).isEqualTo("rw-------");
    assertThat(mode(ca.resolve("issuer.key"))).isEqualTo("rw-------");

    Files.setPosixFilePermissions(ca, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThatThrownBy(() -> CertificateAuthority.open(state, "cluster.local", clock, random))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("mode rwxr-xr-x (expected: at most 0700", "chmod 700");
  }

  @Test
  void belongsToOneTrustDomain() {
    assertThatThrownBy(() -> CertificateAuthority.open(state, "other.local", clock, random))
        .hasMessageContaining("trustDomain: other.local (expected: cluster.local");
  }

  @Test
  void renewsItsOwnCertificateInTheProcess() throws Exception {
    SpiffeId own = new SpiffeId("cluster.local", "refmesh-system", "control-plane");
    try (ServingTls tls = ServingTls.of(authority, own, clock, random)) {
      Object before = tls.context().sessionContext();

      tls.renew();

      assertThat(tls.context().sessionContext()).isNotSameAs(before);
    }
  }

  private CertifyResponse certify(byte[] csr) throws Exception {
    return service.certify(request(csr), CALLER);
  }

  private CertifyRequest request(byte[] csr) throws IOException {
    return CertifyRequest.newBuilder()
        .setIdentity(WEB.uri())
        .setToken(TokenIssuer.open(state, clock).issue(WEB, "shop/web/0", Duration.ofMinutes(1)))
        .setCsr(ByteString.copyFrom(csr))
        .build();
  }

  private void refused(Reason reason, byte[] csr) {
    assertThatThrownBy(() -> certify(csr))
        .isInstanceOfSatisfying(
            Refusal.class, refusal -> assertThat(refusal.reason()).isEqualTo(reason));
  }

  private String audit() throws IOException {
    return Files.readString(state.resolve("audit.log"));
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static X509Certificate leaf(CertifyResponse response) throws Exception {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(response.getChain(0).toByteArray()));
  }
}
