package io.refmesh.control.kubernetes;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.refmesh.control.identity.Issuer;
import io.refmesh.control.identity.TokenReviews.Review;
import io.refmesh.model.identity.RootName;
import io.refmesh.testkit.acceptance.Acceptance;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Against a real API server, in a namespace of its own; KUBECONFIG says which. */
@Tag("kind")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterIdentityKindTest {

  private static final InstantSource CLOCK = InstantSource.system();

  private final SecureRandom random = new SecureRandom();
  private final String namespace = "refmesh-identity-" + Long.toHexString(random.nextLong());
  private KubernetesClient client;

  @BeforeAll
  void open() throws Exception {
    String kubeconfig = System.getenv("KUBECONFIG");
    assumeTrue(
        kubeconfig != null && Files.isReadable(Path.of(kubeconfig)),
        "no cluster: KUBECONFIG is not set (make one with kind create cluster)");
    Config config = Config.fromKubeconfig(Files.readString(Path.of(requireNonNull(kubeconfig))));
    client =
        new KubernetesClientBuilder()
            .withConfig(new ConfigBuilder(config).withRequestRetryBackoffLimit(0).build())
            .build();
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .create();
    client
        .resource(
            new ServiceAccountBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("web")
                .endMetadata()
                .build())
        .create();
  }

  @AfterAll
  void close() {
    if (client != null) {
      client
          .admissionRegistration()
          .v1()
          .mutatingWebhookConfigurations()
          .withName(namespace)
          .delete();
      client.namespaces().withName(namespace).delete();
      client.close();
    }
  }

  @Test
  @Acceptance(105)
  void theApiServerSaysWhoseATokenIsAndWhenItsPodIsGone() throws Exception {
    ApiTokenReviews reviews = new ApiTokenReviews(client);
    // Never scheduled: that it exists is enough.
    Pod pod =
        client
            .resource(
                new PodBuilder()
                    .withNewMetadata()
                    .withNamespace(namespace)
                    .withName("web-1")
                    .endMetadata()
                    .withNewSpec()
                    .withServiceAccountName("web")
                    .withNodeSelector(Map.of("refmesh.io/no-such-node", "true"))
                    .addNewContainer()
                    .withName("app")
                    .withImage("none:1")
                    .endContainer()
                    .endSpec()
                    .build())
            .create();
    String token = token("refmesh.io", pod);

    Review review = reviews.review(token, "refmesh.io");
    assertThat(review.authenticated()).as(review.error()).isTrue();
    assertThat(review.audiences()).containsExactly("refmesh.io");
    assertThat(review.user()).isEqualTo("system:serviceaccount:" + namespace + ":web");
    assertThat(review.extra())
        .containsEntry("authentication.kubernetes.io/pod-name", List.of("web-1"));

    assertThat(reviews.review(token("vault", pod), "refmesh.io").authenticated()).isFalse();
    assertThat(reviews.review(token + "x", "refmesh.io").authenticated()).isFalse();
    client.resource(pod).withGracePeriod(0).delete();
    // The API server itself remembers a "yes" for ten seconds.
    Instant end = Instant.now().plus(Duration.ofSeconds(40));
    while (reviews.review(token, "refmesh.io").authenticated()) {
      assertThat(Instant.now()).as("the pod is gone, its token still good").isBefore(end);
      Thread.sleep(Duration.ofMillis(500));
    }
  }

  @Test
  @Acceptance(106)
  void replicasAgreeOnOneIssuerAndFollowTheSecret() throws Exception {
    List<ClusterIdentity> replicas = new ArrayList<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<ClusterIdentity>> starts = new ArrayList<>();
      for (int replica = 0; replica < 3; replica++) {
        String name = "replica-" + replica;
        starts.add(() -> openIdentity(name));
      }
      for (Future<ClusterIdentity> started : executor.invokeAll(starts)) {
        replicas.add(started.get());
      }
    }
    Secret secret = client.secrets().inNamespace(namespace).withName("refmesh-identity").get();
    String root = decode(secret, "ca.crt");
    for (ClusterIdentity replica : replicas) {
      assertThat(replica.identity().authority().rootsPem()).isEqualTo(root);
    }

    Issuer.Text stranger = Issuer.make("cluster.local", Instant.now(), random).text();
    secret.getData().put("tls.crt", encode(stranger.tlsCrt()));
    secret.getData().put("tls.key", encode(stranger.tlsKey()));
    client.resource(secret).update();
    for (ClusterIdentity replica : replicas) {
      replica.look();
    }
    assertThat(events()).containsExactly("Warning IssuerRefused");

    client
        .configMaps()
        .inNamespace(namespace)
        .withName("refmesh-trust-roots")
        .edit(map -> {
          map.getData().put("ca.crt", root + stranger.caCrt());
          return map;
        });
    for (ClusterIdentity replica : replicas) {
      replica.look();
      assertThat(replica.identity().authority().rootsPem()).isEqualTo(root + stranger.caCrt());
    }
    assertThat(events())
        .containsExactlyInAnyOrder(
            "Warning IssuerRefused", "Normal RootsUpdated", "Normal IssuerUpdated");
  }

  @Test
  void oneReplicaLeadsAndOneThatPausedIsRefused() {
    ApiLease lease = new ApiLease(client, namespace, "leader");
    MockTicker frozen = Ticker.newMockTicker();
    MockTicker time = Ticker.newMockTicker();
    LeaderLease paused = new LeaderLease(lease, "paused", CLOCK, frozen);
    LeaderLease other = new LeaderLease(lease, "other", CLOCK, time);

    paused.step();
    other.step();
    assertThat(paused.confirm()).isTrue();
    assertThat(other.leading()).isFalse();
    other.step();
    time.advance(LeaderLease.DURATION.toMillis(), TimeUnit.MILLISECONDS);
    other.step();

    assertThat(other.confirm()).isTrue();
    assertThat(paused.leading()).isTrue();
    assertThat(paused.confirm()).isFalse();
    other.close();
    paused.step();
    assertThat(paused.confirm()).isTrue();
  }

  @Test
  void theBundleIsWrittenWhereTheServerDefaultedTheRest() throws Exception {
    client
        .resource(
            new MutatingWebhookConfigurationBuilder()
                .withNewMetadata()
                .withName(namespace)
                .endMetadata()
                .addNewWebhook()
                .withName("one.refmesh.io")
                .withSideEffects("None")
                .withAdmissionReviewVersions("v1")
                .withFailurePolicy("Ignore")
                .withNewNamespaceSelector()
                .addToMatchLabels("refmesh.io/no-such-namespace", "true")
                .endNamespaceSelector()
                .withNewClientConfig()
                .withNewService()
                .withNamespace(namespace)
                .withName("refmesh-control")
                .withPath("/inject")
                .endService()
                .endClientConfig()
                .endWebhook()
                .build())
        .create();
    String roots = Issuer.make("cluster.local", Instant.now(), random).text().caCrt();
    WebhookBundles bundles = new WebhookBundles(client, namespace, () -> true);

    bundles.keep(roots);
    MutatingWebhookConfiguration written = configuration();
    bundles.keep(roots);

    assertThat(written.getWebhooks().getFirst().getClientConfig().getCaBundle())
        .isEqualTo(encode(roots));
    assertThat(configuration().getMetadata().getResourceVersion())
        .isEqualTo(written.getMetadata().getResourceVersion());
  }

  private MutatingWebhookConfiguration configuration() {
    return client
        .admissionRegistration()
        .v1()
        .mutatingWebhookConfigurations()
        .withName(namespace)
        .get();
  }

  private ClusterIdentity openIdentity(String replica) throws Exception {
    return ClusterIdentity.open(
        client,
        namespace,
        replica,
        "cluster.local",
        address -> Optional.empty(),
        CLOCK,
        Ticker.systemTicker(),
        random,
        new ClusterIdentity.Listener() {
          @Override
          public void issuerChanged(Instant notAfter) {}

          @Override
          public void rootsChanged() {}

          @Override
          public List<String> holders(RootName root) {
            return List.of();
          }

          @Override
          public void refused(String why) {}
        });
  }

  private List<String> events() {
    return client.v1().events().inNamespace(namespace).list().getItems().stream()
        .filter(event -> event.getSource().getComponent().equals("refmesh-control"))
        .map(event -> event.getType() + " " + event.getReason())
        .toList();
  }

  private String token(String audience, Pod pod) {
    TokenRequest answer =
        client
            .serviceAccounts()
            .inNamespace(namespace)
            .withName("web")
            .tokenRequest(
                new TokenRequestBuilder()
                    .withNewSpec()
                    .withAudiences(audience)
                    .withExpirationSeconds(600L)
                    .withNewBoundObjectRef()
                    .withApiVersion("v1")
                    .withKind("Pod")
                    .withName(pod.getMetadata().getName())
                    .withUid(pod.getMetadata().getUid())
                    .endBoundObjectRef()
                    .endSpec()
                    .build());
    return answer.getStatus().getToken();
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String decode(Secret secret, String field) {
    return new String(
        Base64.getDecoder().decode(requireNonNull(secret.getData().get(field))),
        StandardCharsets.US_ASCII);
  }
}
