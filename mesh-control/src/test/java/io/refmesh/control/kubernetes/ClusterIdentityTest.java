package io.refmesh.control.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.netty.util.concurrent.Ticker;
import io.refmesh.control.identity.CertificateAuthority;
import io.refmesh.control.identity.Issuer;
import io.refmesh.model.identity.RootName;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ClusterIdentityTest {

  private static final String NAMESPACE = "/api/v1/namespaces/refmesh-system";
  private static final String SECRET = NAMESPACE + "/secrets/refmesh-identity";
  private static final String ROOTS = NAMESPACE + "/configmaps/refmesh-trust-roots";
  private static final String MUTATING =
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/refmesh";
  private static final String VALIDATING =
      "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/refmesh";
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final InstantSource CLOCK = InstantSource.fixed(NOW);

  private final SecureRandom random = new SecureRandom();
  private final FakeApiServer api;
  private final KubernetesClient client;
  private final List<String> told = new ArrayList<>();
  private List<String> holders = List.of();

  ClusterIdentityTest() throws IOException {
    api = new FakeApiServer();
    client = api.client();
  }

  @AfterEach
  void close() {
    client.close();
    api.close();
  }

  @Test
  void makesTheIssuerAndTheRootsWhenTheyAreAbsent() throws Exception {
    ClusterIdentity identity = open("one");

    assertThat(api.writes()).containsExactly("POST " + SECRET, "POST " + ROOTS);
    assertThat(api.at(SECRET).path("type").asString()).isEqualTo("kubernetes.io/tls");
    assertThat(field(SECRET, "ca.crt")).isEqualTo(roots(identity));
    assertThat(api.at(ROOTS).path("data").path("ca.crt").asString()).isEqualTo(roots(identity));
    assertThat(api.at(ROOTS).path("data").path("trust-domain").asString())
        .isEqualTo("cluster.local");
  }

  @Test
  void usesWhatIsThereAtTheNextStart() throws Exception {
    String first = roots(open("one"));
    int writes = api.writes().size();

    assertThat(roots(open("two"))).isEqualTo(first);
    assertThat(api.writes()).hasSize(writes);
  }

  @Test
  void replicasThatStartAtOnceAgreeOnOneIssuer() throws Exception {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<ClusterIdentity>> starts = new ArrayList<>();
      for (int replica = 0; replica < 8; replica++) {
        String name = "replica-" + replica;
        starts.add(() -> open(name));
      }
      List<String> roots = new ArrayList<>();
      for (Future<ClusterIdentity> started : executor.invokeAll(starts)) {
        roots.add(roots(started.get()));
      }
      assertThat(roots).hasSize(8).containsOnly(field(SECRET, "ca.crt"));
    }
    assertThat(api.writes()).containsExactlyInAnyOrder("POST " + SECRET, "POST " + ROOTS);
  }

  @Test
  void neverMakesANewRootWhenOnlyTheSecretIsGone() throws Exception {
    open("one");
    api.remove(SECRET);

    assertThatThrownBy(() -> open("two"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the Secret refmesh-identity in refmesh-system is gone while");
    assertThat(api.at(SECRET).isEmpty()).isTrue();
  }

  @Test
  void refusesToStartWithAnIssuerThatIsNotUnderTheRoots() throws Exception {
    open("one");
    putSecret(Issuer.make("cluster.local", NOW, random).text());

    assertThatThrownBy(() -> open("two"))
        .hasMessageContaining("the Secret refmesh-identity in refmesh-system: tls.crt: ")
        .hasMessageContaining("is not under the trust roots in force");
  }

  @Test
  void writesNoRootsOfASecretThatCannotBeUsed() {
    putSecret(new Issuer.Text("junk", "", ""));

    assertThatThrownBy(() -> open("one")).hasMessageContaining("ca.crt: ");
    assertThat(api.writes()).isEmpty();
  }

  @Test
  void belongsToOneTrustDomain() throws Exception {
    open("one");

    assertThatThrownBy(() ->
            ClusterIdentity.open(
                client,
                "refmesh-system",
                "two",
                "other.local",
                address -> Optional.empty(),
                CLOCK,
                Ticker.systemTicker(),
                random,
                new Told()))
        .hasMessageContaining("trustDomain: other.local (expected: cluster.local");
  }

  @Test
  @Acceptance(106)
  void keepsTheOldIssuerAndWritesOneEventForAllReplicasWhenTheNewOneIsNotUnderTheRoots()
      throws Exception {
    ClusterIdentity one = open("one");
    ClusterIdentity two = open("two");
    String before = one.identity().authority().rootsPem();
    putSecret(Issuer.make("cluster.local", NOW, random).text());

    one.look();
    two.look();
    one.look();

    assertThat(one.identity().authority().rootsPem()).isEqualTo(before);
    assertThat(told).hasSize(2).allMatch(line -> line.startsWith("refused tls.crt: "));
    assertThat(api.under(NAMESPACE + "/events"))
        .singleElement()
        .satisfies(event -> {
          assertThat(event.path("type").asString()).isEqualTo("Warning");
          assertThat(event.path("reason").asString()).isEqualTo("IssuerRefused");
          assertThat(event.path("message").asString()).endsWith("what was in force stays");
          assertThat(event.path("involvedObject").path("name").asString())
              .isEqualTo("refmesh-identity");
        });
  }

  @Test
  @Acceptance(106)
  void movesToAnIssuerUnderANewRootOnceThatIsTrusted() throws Exception {
    ClusterIdentity identity = open("one");
    String old = roots(identity);
    Issuer.Text next = Issuer.make("cluster.local", NOW.plusSeconds(60), random).text();
    putSecret(next);
    identity.look();
    assertThat(told).singleElement().asString().startsWith("refused ");

    putRoots(old + next.caCrt());
    identity.look();

    assertThat(told).hasSize(3);
    assertThat(told.subList(1, 3)).containsExactly("roots", "issuer 2036-11-20T12:01:00Z");
    assertThat(roots(identity)).isEqualTo(old + next.caCrt());
    assertThat(identity.identity().authority().leafRoot()).isEqualTo(nameOf(next.caCrt()));
    assertThat(identity.webhookTls().root()).isEqualTo(nameOf(next.caCrt()));
    assertThat(api.under(NAMESPACE + "/events"))
        .extracting(event -> event.path("reason").asString())
        .containsExactlyInAnyOrder("IssuerRefused", "RootsUpdated", "IssuerUpdated");
  }

  @Test
  void dropsARootOnceNobodyNeedsItAndSaysWhoDoesUntilThen() throws Exception {
    ClusterIdentity identity = open("one");
    String old = roots(identity);
    Issuer.Text next = Issuer.make("cluster.local", NOW.plusSeconds(60), random).text();
    putRoots(old + next.caCrt());
    putSecret(next);
    identity.look();
    told.clear();

    putRoots(next.caCrt());
    identity.look();
    assertThat(told).singleElement().asString().contains("expected: every root in force");
    told.clear();

    holders = List.of("shop/web/0");
    putRoots(next.caCrt(), nameOf(old), false);
    identity.look();
    identity.look();
    assertThat(told)
        .containsExactly(
            "refused a root that is to be dropped is needed by the certificates of shop/web/0");
    assertThat(roots(identity)).isEqualTo(old + next.caCrt());
    told.clear();

    holders = List.of();
    identity.look();
    assertThat(told).containsExactly("roots");
    assertThat(roots(identity)).isEqualTo(next.caCrt());
  }

  @Test
  void dropsARootThatIsNeededWhenItIsForced() throws Exception {
    ClusterIdentity identity = open("one");
    String old = roots(identity);
    Issuer.Text next = Issuer.make("cluster.local", NOW.plusSeconds(60), random).text();
    putRoots(old + next.caCrt());
    putSecret(next);
    identity.look();

    holders = List.of("shop/web/0");
    putRoots(next.caCrt(), nameOf(old), true);
    identity.look();

    assertThat(roots(identity)).isEqualTo(next.caCrt());
  }

  @Test
  void neverDropsTheRootUnderWhichItSigns() throws Exception {
    ClusterIdentity identity = open("one");
    String old = roots(identity);
    Issuer.Text next = Issuer.make("cluster.local", NOW.plusSeconds(60), random).text();

    putRoots(next.caCrt(), nameOf(old), true);
    identity.look();

    assertThat(told).singleElement().asString().contains("the trust roots that would be left");
    assertThat(roots(identity)).isEqualTo(old);
  }

  @Test
  void letsTheApiServerBelieveANewRootBeforeItsOwnCertificateStandsUnderIt() throws Exception {
    api.put(MUTATING, configuration("MutatingWebhookConfiguration", ""));
    ClusterIdentity identity = open("one");
    identity.lease().step();
    identity.look();
    String old = roots(identity);
    Issuer.Text next = Issuer.make("cluster.local", NOW.plusSeconds(60), random).text();
    putRoots(old + next.caCrt());
    putSecret(next);
    api.forbidden = MUTATING;

    assertThatThrownBy(identity::look).isInstanceOf(IOException.class);

    assertThat(identity.identity().authority().leafRoot()).isEqualTo(nameOf(next.caCrt()));
    assertThat(identity.webhookTls().root()).isEqualTo(nameOf(old));
  }

  @Test
  void goesOnWithWhatItHasWhenTheApiServerIsAway() throws Exception {
    ClusterIdentity identity = open("one");
    api.fails = 503;

    assertThatThrownBy(identity::look)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the API server answered 503");
    api.fails = 0;
    identity.look();
    assertThat(told).isEmpty();
  }

  @Test
  void writesTheBundleIntoBothConfigurationsAndPutsItBack() throws Exception {
    api.put(MUTATING, configuration("MutatingWebhookConfiguration", ""));
    api.put(VALIDATING, configuration("ValidatingWebhookConfiguration", "b2xk"));
    ClusterIdentity identity = open("one");
    identity.look();
    assertThat(bundle(MUTATING)).isEmpty();

    identity.lease().step();
    identity.look();

    String right = encode(roots(identity));
    assertThat(bundle(MUTATING)).isEqualTo(right);
    assertThat(bundle(VALIDATING)).isEqualTo(right);
    assertThat(api.at(MUTATING).path("webhooks").path(0).path("name").asString())
        .isEqualTo("one.refmesh.io");
    int writes = api.writes().size();
    identity.look();
    assertThat(api.writes()).hasSize(writes);

    api.put(MUTATING, configuration("MutatingWebhookConfiguration", "c29tZWJvZHk="));
    identity.look();
    assertThat(bundle(MUTATING)).isEqualTo(right);
  }

  @Test
  void aReplicaThatDoesNotLeadWritesNoBundle() throws Exception {
    ClusterIdentity one = open("one");
    ClusterIdentity two = open("two");
    one.lease().step();
    two.lease().step();
    api.put(MUTATING, configuration("MutatingWebhookConfiguration", ""));

    two.look();
    assertThat(bundle(MUTATING)).isEmpty();
    one.look();
    assertThat(bundle(MUTATING)).isNotEmpty();
  }

  private ClusterIdentity open(String replica)
      throws IOException, GeneralSecurityException, CertificateAuthority.Unavailable {
    return ClusterIdentity.open(
        client,
        "refmesh-system",
        replica,
        "cluster.local",
        address -> Optional.empty(),
        CLOCK,
        Ticker.systemTicker(),
        random,
        new Told());
  }

  private final class Told implements ClusterIdentity.Listener {
    @Override
    public void issuerChanged(Instant notAfter) {
      told.add("issuer " + notAfter);
    }

    @Override
    public void rootsChanged() {
      told.add("roots");
    }

    @Override
    public void refused(String why) {
      told.add("refused " + why);
    }

    @Override
    public List<String> holders(RootName root) {
      return holders;
    }
  }

  private void putSecret(Issuer.Text text) {
    api.put(
        SECRET,
        """
        {"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/tls",
         "metadata":{"name":"refmesh-identity","namespace":"refmesh-system"},
         "data":{"ca.crt":"%s","tls.crt":"%s","tls.key":"%s"}}
        """
            .formatted(encode(text.caCrt()), encode(text.tlsCrt()), encode(text.tlsKey())));
  }

  private void putRoots(String pem) {
    putRoots(pem, new RootName(""), false);
  }

  private void putRoots(String pem, RootName dropped, boolean forced) {
    api.put(
        ROOTS,
        """
        {"apiVersion":"v1","kind":"ConfigMap",
         "metadata":{"name":"refmesh-trust-roots","namespace":"refmesh-system",
           "annotations":{"refmesh.io/dropped-roots":"%s","refmesh.io/dropped-by-force":"%s"}},
         "data":{"ca.crt":"%s","trust-domain":"cluster.local"}}
        """
            .formatted(dropped.hex(), forced, pem.replace("\n", "\\n")));
  }

  private static RootName nameOf(String pem) throws Issuer.Unusable {
    return RootName.of(Issuer.roots(pem).getFirst());
  }

  private static String configuration(String kind, String bundle) {
    return """
    {"apiVersion":"admissionregistration.k8s.io/v1","kind":"%s","metadata":{"name":"refmesh"},
     "webhooks":[{"name":"one.refmesh.io","sideEffects":"None","admissionReviewVersions":["v1"],
       "clientConfig":{"caBundle":"%s",
         "service":{"name":"refmesh-control","namespace":"refmesh-system","path":"/inject"}}}]}
    """
        .formatted(kind, bundle);
  }

  private String bundle(String path) {
    return api.at(path).path("webhooks").path(0).path("clientConfig").path("caBundle").asString("");
  }

  private String field(String path, String field) {
    JsonNode value = api.at(path).path("data").path(field);
    return new String(Base64.getDecoder().decode(value.asString()), StandardCharsets.US_ASCII);
  }

  private static String roots(ClusterIdentity identity) throws GeneralSecurityException {
    return identity.identity().authority().rootsPem();
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }
}
