package io.refmesh.control.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.model.identity.SpiffeId;
import io.refmesh.testkit.acceptance.Acceptance;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class IssuerReloadTest {

  private static final Duration YEAR = Duration.ofDays(365);
  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");

  private final ManualClock clock = new ManualClock();
  private final SecureRandom random = new SecureRandom();
  private final KeyPair rootKey = Csrs.p256();
  private X509Certificate root;
  private CertificateAuthority authority;
  private IssuerReload reload;

  @BeforeEach
  void open() throws Exception {
    root = root(rootKey);
    authority =
        CertificateAuthority.of(
            "cluster.local",
            Issuer.read(
                issuer(rootKey, root, YEAR),
                List.of(root),
                "cluster.local",
                clock.instant(),
                random),
            clock,
            random);
    reload = new IssuerReload(authority, clock, random);
  }

  @Test
  @Acceptance(106)
  void signsTheNextCertificateWithAnIssuerUnderTheSameRoots() throws Exception {
    Issuer.Text next = issuer(rootKey, root, YEAR.multipliedBy(2));

    assertThat(reload.issuer(next)).isTrue();

    assertThat(authority.notAfter()).isEqualTo(clock.instant().plus(YEAR.multipliedBy(2)));
    CertificateAuthority.Issued issued = issue();
    assertThat(issued.chain().getLast()).isEqualTo(Pem.certificate(next.tlsCrt()));
    issued.leaf().verify(Pem.certificate(next.tlsCrt()).getPublicKey());
    assertThat(reload.issuer(next)).isFalse();
  }

  @Test
  @Acceptance(106)
  void keepsTheOldIssuerWhenTheNewOneIsNotUnderTheRoots() throws Exception {
    X509Certificate before = issue().chain().getLast();
    KeyPair strangerKey = Csrs.p256();

    refused(issuer(strangerKey, root(strangerKey), YEAR), "is not under the trust roots in force");

    assertThat(issue().chain().getLast()).isEqualTo(before);
    assertThat(authority.roots()).containsExactly(root);
  }

  @Test
  void believesNoRootThatAnIssuerBringsAlong() throws Exception {
    Issuer.Text stranger = Issuer.make("cluster.local", clock.instant(), random).text();
    Issuer.Text dressed =
        new Issuer.Text(
            stranger.caCrt() + Pem.of(List.of(root)),
            stranger.tlsCrt() + stranger.caCrt(),
            stranger.tlsKey());

    refused(dressed, "is not under the trust roots in force");
  }

  @Test
  void movesToANewRootOnceThatIsTrustedBesideTheOld() throws Exception {
    KeyPair nextKey = Csrs.p256();
    X509Certificate nextRoot = root(nextKey);
    Issuer.Text next = issuer(nextKey, nextRoot, YEAR);
    refused(next, "is not under the trust roots in force");

    assertThat(reload.roots(Pem.of(List.of(root, nextRoot)), Set.of())).isTrue();
    assertThat(reload.issuer(next)).isTrue();

    assertThat(authority.roots()).containsExactly(root, nextRoot);
    assertThat(reload.roots(Pem.of(List.of(nextRoot, root)), Set.of())).isFalse();
  }

  @Test
  void dropsNoRootWhileItRuns() throws Exception {
    KeyPair nextKey = Csrs.p256();
    String only = Pem.of(List.of(root(nextKey)));

    assertThatThrownBy(() -> reload.roots(only, Set.of()))
        .isInstanceOf(Issuer.Unusable.class)
        .hasMessageContaining("expected: every root in force");
    assertThatThrownBy(() -> reload.roots("", Set.of()))
        .hasMessageContaining("ca.crt: 0 certificates");
    assertThat(authority.roots()).containsExactly(root);
  }

  @Test
  void refusesWhatCannotSign() throws Exception {
    Issuer.Text good = issuer(rootKey, root, YEAR);
    Issuer.Text other = issuer(rootKey, root, YEAR);
    KeyPair key = Csrs.p256();

    refused(new Issuer.Text("", good.tlsCrt(), other.tlsKey()), "tls.key does not belong to");
    refused(new Issuer.Text("", "", good.tlsKey()), "tls.crt: 0 certificates (expected: 1 to 5");
    refused(new Issuer.Text("", "junk", good.tlsKey()), "tls.crt: ");
    refused(new Issuer.Text("", good.tlsCrt(), ""), "tls.key: not a key in PEM");
    refused(new Issuer.Text("", good.tlsCrt(), "-----BEGIN"), "tls.key: not a key in PEM");
    CertificateAuthority.Issued leaf =
        authority.issue(key.getPublic(), WEB, Duration.ofHours(1), Duration.ZERO);
    refused(
        new Issuer.Text("", Pem.of(leaf.chain()), Pem.of(key.getPrivate())),
        "may not sign certificates");
    KeyPair p384 = Csrs.key("EC", "secp384r1");
    refused(
        new Issuer.Text(
            "",
            Pem.of(
                List.of(
                    Certificates.ca(
                        "issuer",
                        "cluster.local",
                        p384.getPublic(),
                        rootKey.getPrivate(),
                        root,
                        clock.instant(),
                        YEAR,
                        random))),
            Pem.of(p384.getPrivate())),
        "expected: ECDSA P-256");
  }

  @Test
  void refusesAnIssuerThatEndedOrHasNotBegun() throws Exception {
    Issuer.Text brief = issuer(rootKey, root, Duration.ofMinutes(1));
    clock.advance(Duration.ofMinutes(1));
    refused(brief, "ended at 2026-11-23T12:01:00Z");

    clock.advance(Duration.ofDays(1));
    Issuer.Text tomorrow = issuer(rootKey, root, YEAR);
    clock.advance(Duration.ofDays(-1));
    refused(tomorrow, "expected: a clock that is right");
  }

  @Test
  void readsAKeyAsCertManagerWritesIt() throws Exception {
    Issuer.Text made = issuer(rootKey, root, YEAR);
    java.io.StringWriter sec1 = new java.io.StringWriter();
    try (PemWriter writer = new PemWriter(sec1)) {
      ASN1Sequence inner =
          ASN1Sequence.getInstance(
              PrivateKeyInfo.getInstance(Pem.ecKey(made.tlsKey()).getEncoded()).parsePrivateKey());
      writer.writeObject(new PemObject("EC PRIVATE KEY", withCurve(inner).getEncoded()));
    }

    assertThat(reload.issuer(new Issuer.Text("", made.tlsCrt(), sec1.toString()))).isTrue();
  }

  @Test
  void makesItsOwnThatLastsAsLongAsItsRoot() throws Exception {
    Issuer made = Issuer.make("cluster.local", clock.instant(), random);
    Issuer read =
        Issuer.read(
            made.text(),
            Issuer.roots(made.text().caCrt()),
            "cluster.local",
            clock.instant(),
            random);

    assertThat(read.notAfter()).isEqualTo(made.roots().getFirst().getNotAfter().toInstant());
    assertThat(made.text().toString()).doesNotContain("PRIVATE KEY");
  }

  private CertificateAuthority.Issued issue() throws Exception {
    return authority.issue(Csrs.p256().getPublic(), WEB, Duration.ofHours(1), Duration.ZERO);
  }

  private void refused(Issuer.Text text, String why) {
    assertThatThrownBy(() -> reload.issuer(text))
        .isInstanceOf(Issuer.Unusable.class)
        .hasMessageContaining(why);
  }

  private X509Certificate root(KeyPair key) throws Exception {
    return Certificates.ca(
        "root",
        "cluster.local",
        key.getPublic(),
        key.getPrivate(),
        null,
        clock.instant(),
        YEAR.multipliedBy(10),
        random);
  }

  private Issuer.Text issuer(KeyPair rootKey, X509Certificate root, Duration lifetime)
      throws Exception {
    KeyPair key = Csrs.p256();
    X509Certificate issuer =
        Certificates.ca(
            "issuer",
            "cluster.local",
            key.getPublic(),
            rootKey.getPrivate(),
            root,
            clock.instant(),
            lifetime,
            random);
    return new Issuer.Text(
        Pem.of(List.of(root)), Pem.of(List.of(issuer)), Pem.of(key.getPrivate()));
  }

  // RFC 5915 §3: outside PKCS#8 the curve stands in the key itself.
  private static org.bouncycastle.asn1.sec.ECPrivateKey withCurve(ASN1Sequence key) {
    return new org.bouncycastle.asn1.sec.ECPrivateKey(
        256,
        org.bouncycastle.asn1.sec.ECPrivateKey.getInstance(key).getKey(),
        org.bouncycastle.asn1.sec.SECObjectIdentifiers.secp256r1);
  }
}
