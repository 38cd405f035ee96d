package io.refmesh.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.cli.check.Finding.Outcome;
import io.refmesh.cli.install.Installation;
import io.refmesh.cli.install.Manifests;
import io.refmesh.testkit.TestCa;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A cluster on which all is well, and one thing at a time that is not. */
final class ClusterCheckTest {

  private static final JsonMapper JSON = JsonMapper.shared();
  private static final String ISSUER = "spiffe://cluster.local/ns/refmesh-system/sa/issuer";
  private static final String SECRET = "/api/v1/namespaces/refmesh-system/secrets/refmesh-identity";
  private static final String ROOTS =
      "/api/v1/namespaces/refmesh-system/configmaps/refmesh-trust-roots";
  private static final String INJECT =
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/refmesh";

  private static final String DETOURS =
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/detours.refmesh.io";

  private final TestCa ca = new TestCa("root");
  private final Instant now = Instant.now();
  private final Known cluster = new Known();
  private final Manifests manifests = Manifests.of(Path.of(".."));

  ClusterCheckTest() throws IOException {}

  /** An API server that knows what is put into it. */
  private static final class Known implements Cluster {
    private final Map<String, JsonNode> objects = new HashMap<>();
    private final Set<String> denied = new HashSet<>();
    private Instant time = Instant.now();

    @Override
    public Optional<JsonNode> get(String path) {
      return Optional.ofNullable(objects.get(path));
    }

    @Override
    public boolean may(String verb, String group, String resource, String namespace) {
      return !denied.contains(verb + " " + resource);
    }

    @Override
    public Instant time() {
      return time;
    }

    ObjectNode change(String path) {
      return (ObjectNode) get(path).orElseThrow();
    }
  }

  @BeforeEach
  void install() throws IOException {
    for (JsonNode object : manifests.objects(manifests.defaults(), Manifests.Part.ALL)) {
      cluster.objects.put(
          Kind.of(object).path(object.path("metadata").path("name").asString()), object.deepCopy());
    }
    cluster.objects.put("/version", JSON.readTree("{\"gitVersion\":\"v1.34.0\"}"));
    cluster.change(ControlPlaneCheck.DEPLOYMENT).putObject("status").put("availableReplicas", 1);
    issuer(ca.leaf(ISSUER, now.minusSeconds(60), now.plus(Duration.ofDays(365))));
    for (String kind : List.of("mutating", "validating")) {
      cluster
          .change("/apis/admissionregistration.k8s.io/v1/" + kind + "webhookconfigurations/refmesh")
          .path("webhooks")
          .forEach(webhook ->
              ((ObjectNode) webhook.path("clientConfig")).put("caBundle", base64(ca.root())));
    }
    pods(pod("refmesh/proxy:0.1.0", true, ca.root()));
  }

  @Test
  void findsAMeshThatIsWell() throws IOException {
    List<Finding> findings = check().installed();
    assertThat(findings).allMatch(finding -> finding.outcome() == Outcome.OK).hasSize(12);
    assertThat(ClusterCheck.passed(findings)).isTrue();
  }

  @Test
  void findsAClusterThatCanCarryTheMesh() throws IOException {
    cluster.objects.remove(ControlPlaneCheck.DEPLOYMENT);
    assertThat(check().before()).allMatch(finding -> finding.outcome() == Outcome.OK).hasSize(4);
  }

  @Test
  void warnsOfAControlPlaneThatIsThereAlready() throws IOException {
    assertThat(check().before())
        .anyMatch(finding ->
            finding.check().equals("not-installed") && finding.outcome() == Outcome.WARNING);
  }

  @Test
  void namesTheRightsThatAreMissing() throws IOException {
    cluster.denied.add("create clusterroles");
    assertFailed(check().before(), "rights", "clusterroles");
  }

  @Test
  void refusesAnOldApiServer() throws IOException {
    cluster.objects.put("/version", JSON.readTree("{\"gitVersion\":\"v1.28.9\"}"));
    assertFailed(check().installed(), "version", "v1.28.9 (expected: 1.29 or later)");
  }

  @Test
  void asksNothingMoreOfWhatIsNoApiServer() throws IOException {
    cluster.objects.clear();
    assertThat(check().installed()).hasSize(1);
    assertFailed(check().installed(), "api-server", "not as an API server does");
  }

  @Test
  void noticesClocksThatDiffer() throws IOException {
    cluster.time = now.minusSeconds(300);
    assertFailed(check().installed(), "clock", "differ by 300 s");
  }

  @Test
  void noticesARoleThatLostARule() throws IOException {
    cluster
        .change("/apis/rbac.authorization.k8s.io/v1/clusterroles/refmesh-control-plane")
        .putArray("rules");
    assertFailed(
        check().installed(), "objects", "ClusterRole refmesh-control-plane: rules is not what");
  }

  @Test
  void noticesABindingThatIsGone() throws IOException {
    cluster.objects.remove(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/refmesh-control-plane");
    assertFailed(
        check().installed(), "objects", "ClusterRoleBinding refmesh-control-plane is missing");
  }

  @Test
  void noticesAKindThatIsMissing() throws IOException {
    cluster.objects.remove(DETOURS);
    assertFailed(check().installed(), "crds", "detours.refmesh.io is missing");
  }

  @Test
  void noticesAKindOfAnotherVersion() throws IOException {
    JsonNode schema = cluster.change(DETOURS).at("/spec/versions/0/schema/openAPIV3Schema");
    ((ObjectNode) schema.path("properties").path("spec")).put("description", "of the past");
    assertFailed(check().installed(), "crds", "detours.refmesh.io is of another version");
  }

  @Test
  void aClusterThatIsUsedForAWhileMayKnowNoKindOfTheMeshOrThisVersionOfIt() throws IOException {
    cluster.objects.keySet().removeIf(path -> path.endsWith(".refmesh.io"));
    assertThat(ClusterCheck.passed(check().passing())).isTrue();
  }

  @Test
  void aClusterThatIsUsedForAWhileMayNotKnowAKindInAnotherVersion() throws IOException {
    JsonNode schema = cluster.change(DETOURS).at("/spec/versions/0/schema/openAPIV3Schema");
    ((ObjectNode) schema.path("properties").path("spec")).put("description", "of the past");
    assertFailed(check().passing(), "crds", "detours.refmesh.io is of another version");
  }

  @Test
  void aClusterThatIsUsedForAWhileMayNotBeTooOld() throws IOException {
    cluster.objects.put("/version", JSON.readTree("{\"gitVersion\":\"v1.28.9\"}"));
    assertFailed(check().passing(), "version", "v1.28.9 (expected: 1.29 or later)");
  }

  @Test
  void comparesWithTheValuesOfTheInstallation() throws IOException {
    ((ObjectNode) cluster.change(Installation.PATH).path("data")).put("highAvailability", "true");
    assertFailed(check().installed(), "objects", "PodDisruptionBudget refmesh-control is missing");
  }

  @Test
  void warnsOfAnInstallationOfAnotherVersion() throws IOException {
    ((ObjectNode) cluster.change(Installation.PATH).at("/metadata/labels"))
        .put("app.kubernetes.io/version", "0.0.9");
    List<Finding> findings = check().installed();
    assertThat(findings)
        .anyMatch(finding ->
            finding.outcome() == Outcome.WARNING
                && finding.message().startsWith("version 0.0.9, and this command"));
    assertThat(ClusterCheck.passed(findings)).isTrue();
  }

  @Test
  void namesAValueThatThisVersionDoesNotKnow() throws IOException {
    ((ObjectNode) cluster.change(Installation.PATH).path("data")).put("colour", "red");
    assertFailed(check().installed(), "installation", "colour is not a value of an installation");
  }

  @Test
  void noticesThatNobodyKnowsTheValues() throws IOException {
    cluster.objects.remove(Installation.PATH);
    assertFailed(check().installed(), "objects", "ConfigMap refmesh-installation is missing");
  }

  @Test
  void saysWhyTheControlPlaneIsNotReady() throws IOException {
    cluster.change(ControlPlaneCheck.DEPLOYMENT).putObject("status");
    cluster.objects.put(
        "/api/v1/namespaces/refmesh-system/pods?labelSelector=app%3Drefmesh-control",
        JSON.readTree(
            """
            {"items":[{"status":{"containerStatuses":[{"state":{"waiting":{"reason":"ErrImageNeverPull"}}}]}}]}
            """));
    assertFailed(check().installed(), "control-plane", "0 of 1 ready: ErrImageNeverPull");
  }

  @Test
  void noticesAControlPlaneThatIsScaledDown() throws IOException {
    ObjectNode deployment = cluster.change(ControlPlaneCheck.DEPLOYMENT);
    ((ObjectNode) deployment.path("spec")).put("replicas", 0);
    deployment.putObject("status");
    assertFailed(check().installed(), "control-plane", "0 of 0 ready");
  }

  @Test
  void noticesAnIssuerThatEnded() throws IOException {
    issuer(ca.leaf(ISSUER, now.minusSeconds(90), now.minusSeconds(30)));
    assertFailed(check().installed(), "certificates", "the CA ended at");
  }

  @Test
  void warnsOfAnIssuerThatEndsSoon() throws IOException {
    issuer(ca.leaf(ISSUER, now.minusSeconds(60), now.plus(Duration.ofDays(8))));
    List<Finding> findings = check().installed();
    assertThat(findings)
        .anyMatch(finding ->
            finding.outcome() == Outcome.WARNING
                && finding.message().startsWith("the CA ends in 7 days"));
    assertThat(ClusterCheck.passed(findings)).isTrue();
  }

  @Test
  void noticesAnIssuerUnderAnotherRoot() throws IOException {
    issuer(new TestCa("other").leaf(ISSUER));
    assertFailed(check().installed(), "certificates", "not signed by a root of");
  }

  @Test
  void noticesASecretThatIsNoCertificate() throws IOException {
    ((ObjectNode) cluster.change(SECRET).path("data")).put("tls.crt", "bm9uZQ==");
    assertFailed(check().installed(), "certificates", "cannot be read");
  }

  @Test
  void noticesRootsThatAreGone() throws IOException {
    cluster.objects.remove(ROOTS);
    assertFailed(check().installed(), "certificates", "refmesh-trust-roots is missing");
  }

  @Test
  void warnsOfARotationThatHasNotEndedAndSaysHowItGoesOn() throws IOException {
    ObjectNode next = JSON.createObjectNode();
    next.putObject("metadata").put("creationTimestamp", "2026-11-24T05:00:00Z");
    cluster.objects.put(SECRET + "-next", next);

    List<Finding> findings = check().installed();

    assertThat(ClusterCheck.passed(findings)).isTrue();
    assertThat(findings)
        .filteredOn(finding -> finding.outcome() == Outcome.WARNING)
        .singleElement()
        .satisfies(finding -> {
          assertThat(finding.check()).isEqualTo("rotation");
          assertThat(finding.message()).endsWith("has not ended, begun at 2026-11-24T05:00:00Z");
          assertThat(finding.hint()).contains("mesh identity rotate-root --resume");
        });
  }

  @Test
  void noticesAWebhookThatBelievesAnotherCa() throws IOException {
    ((ObjectNode) cluster.change(INJECT).path("webhooks").path(0).path("clientConfig"))
        .put("caBundle", base64(new TestCa("other").root()));
    assertFailed(check().installed(), "webhooks", "inject.refmesh.io believes another CA");
  }

  @Test
  void noticesAWebhookWithoutCa() throws IOException {
    ((ObjectNode) cluster.change(INJECT).path("webhooks").path(0).path("clientConfig"))
        .remove("caBundle");
    assertFailed(check().installed(), "webhooks", "inject.refmesh.io has no caBundle");
  }

  @Test
  void namesASidecarThatIsNotReady() throws IOException {
    pods(pod("refmesh/proxy:0.1.0", false, ca.root()));
    assertFailed(check().installed(), "sidecars", "not ready: shop/cart");
  }

  @Test
  void warnsOfSidecarsOfAnotherVersion() throws IOException {
    pods(pod("refmesh/proxy:0.0.9", true, ca.root()));
    assertThat(check().installed())
        .anyMatch(finding ->
            finding.outcome() == Outcome.WARNING
                && finding.message().contains("shop/cart (refmesh/proxy:0.0.9)"));
  }

  @Test
  void namesASidecarWithRootsOfThePast() throws IOException {
    pods(pod("refmesh/proxy:0.1.0", true, new TestCa("past").root()));
    assertFailed(check().installed(), "trust-roots", "injected with other roots: shop/cart");
  }

  @Test
  void everyCheckHasAHeadingInTheDocumentation() throws IOException {
    String page = Files.readString(Path.of("../docs/reference/kubernetes.md"));
    for (Finding finding : check().installed()) {
      assertThat(page).contains("\n### " + finding.check() + "\n");
    }
    for (String name : List.of("api-server", "rights", "not-installed")) {
      assertThat(page).contains("\n### " + name + "\n");
    }
  }

  private ClusterCheck check() {
    return new ClusterCheck(cluster, InstantSource.fixed(now), manifests);
  }

  private static void assertFailed(List<Finding> findings, String check, String message) {
    assertThat(ClusterCheck.passed(findings)).isFalse();
    assertThat(findings)
        .filteredOn(finding -> finding.outcome() == Outcome.FAILED)
        .singleElement()
        .satisfies(finding -> {
          assertThat(finding.check()).isEqualTo(check);
          assertThat(finding.message()).contains(message);
          assertThat(finding.hint()).isNotEmpty();
          assertThat(finding.link()).isEqualTo("docs/reference/kubernetes.md#" + check);
        });
  }

  private void issuer(TestCa.Leaf issuer) {
    ObjectNode secret = JSON.createObjectNode();
    secret.putObject("data").put("tls.crt", base64(issuer.certificate()));
    cluster.objects.put(SECRET, secret);
    ObjectNode roots = JSON.createObjectNode();
    roots.putObject("data").put("ca.crt", TestCa.pemOf(List.of(ca.root())));
    cluster.objects.put(ROOTS, roots);
  }

  private void pods(JsonNode pod) {
    ObjectNode list = JSON.createObjectNode();
    list.putArray("items").add(pod);
    cluster.objects.put("/api/v1/pods", list);
  }

  private static ObjectNode pod(String image, boolean ready, X509Certificate root) {
    ObjectNode pod = JSON.createObjectNode();
    pod.putObject("metadata")
        .put("namespace", "shop")
        .put("name", "cart")
        .putObject("annotations")
        .put("refmesh.io/injected", "true")
        .put("refmesh.io/trust-roots", TestCa.pemOf(List.of(root)));
    pod.putObject("spec")
        .putArray("initContainers")
        .addObject()
        .put("name", "refmesh-proxy")
        .put("image", image);
    pod.putObject("status")
        .putArray("initContainerStatuses")
        .addObject()
        .put("name", "refmesh-proxy")
        .put("ready", ready);
    return pod;
  }

  private static String base64(X509Certificate certificate) {
    return Base64.getEncoder()
        .encodeToString(TestCa.pemOf(List.of(certificate)).getBytes(StandardCharsets.US_ASCII));
  }
}
