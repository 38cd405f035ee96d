package io.refmesh.control.identity;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.netty.util.concurrent.Ticker;
import io.refmesh.control.identity.Refusal.Reason;
import io.refmesh.control.kubernetes.ClusterAccess;
import io.refmesh.control.kubernetes.ClusterClient;
import io.refmesh.control.kubernetes.ClusterIdentity;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.model.identity.RootName;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.v1.CertifyRequest;
import io.refmesh.model.wire.v1.CertifyResponse;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What a pod can get with a token, of a real API server, in a namespace of its own. */
@Tag("kind")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterCertifyKindTest {

  private static final String ITS_ADDRESS = "10.0.0.1";
  private static final String ANOTHERS_ADDRESS = "10.0.0.2";

  private final SecureRandom random = new SecureRandom();
  private final String namespace = "refmesh-certify-" + Long.toHexString(random.nextLong());
  private final SpiffeId web = new SpiffeId("cluster.local", namespace, "web");
  private final SpiffeId cart = new SpiffeId("cluster.local", namespace, "cart");
  private final List<String> workloads = new ArrayList<>();
  private final KeyPair key = Csrs.p256();
  private KubernetesClient client;
  private ClusterClient api;
  private ClusterIdentity identity;
  private CertifyService service;
  private Pod pod;

  @BeforeAll
  void open() throws Exception {
    String kubeconfig = System.getenv("KUBECONFIG");
    assumeTrue(
        kubeconfig != null && Files.isReadable(Path.of(kubeconfig)),
        "no cluster: KUBECONFIG is not set (make one with kind create cluster)");
    Path file = Path.of(requireNonNull(kubeconfig));
    client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(Files.readString(file)))
            .build();
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .create();
    account("web");
    account("cart");
    pod = pod("web-1");
    api = ClusterClient.open(new ClusterAccess.Kubeconfig(file));
    identity =
        ClusterIdentity.open(
            api,
            namespace,
            "one",
            "cluster.local",
            address ->
                switch (address) {
                  case ITS_ADDRESS -> Optional.of(namespace + "/web-1");
                  case ANOTHERS_ADDRESS -> Optional.of(namespace + "/cart-1");
                  default -> Optional.empty();
                },
            InstantSource.system(),
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
    service =
        new CertifyService(
            identity.identity(),
            InstantSource.system(),
            () -> MeshConfig.Identity.DEFAULT,
            new CertifyService.Listener() {
              @Override
              public void issued(
                  String workload,
                  String identity,
                  String serial,
                  Instant notBefore,
                  Instant notAfter) {
                workloads.add(workload);
              }

              @Override
              public void refused(String reason) {}
            });
  }

  @AfterAll
  void close() throws Exception {
    if (api != null) {
      api.close();
    }
    if (client != null) {
      client.namespaces().withName(namespace).delete();
      client.close();
    }
  }

  @Test
  @Acceptance(105)
  void aPodGetsACertificateOfItsOwnServiceAccount() throws Exception {
    CertifyResponse response =
        certify(web, token("refmesh.io"), namespace + "/web-1/0", ITS_ADDRESS);

    X509Certificate leaf =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(response.getChain(0).toByteArray()));
    assertThat(leaf.getSubjectAlternativeNames()).containsExactly(List.of(6, web.uri()));
    assertThat(workloads).contains(namespace + "/web-1/0");
  }

  @Test
  void aPodGetsNoneOfAnotherServiceAccount() {
    String token = token("refmesh.io");

    refused(Reason.TOKEN_OTHER_IDENTITY, cart, token, "", ITS_ADDRESS);
    refused(Reason.TOKEN_NOT_AUTHENTICATED, cart, forged(token), "", ITS_ADDRESS);
  }

  @Test
  void aTokenOfAPodIsGoodForNoOtherPod() {
    String token = token("refmesh.io");

    refused(Reason.TOKEN_OTHER_WORKLOAD, web, token, namespace + "/web-2/0", ITS_ADDRESS);
    refused(Reason.TOKEN_REPLAYED, web, token, namespace + "/web-1/0", ANOTHERS_ADDRESS);
  }

  @Test
  @Acceptance(105)
  void aTokenForTheApiServerIsNone() {
    refused(
        Reason.TOKEN_AUDIENCE,
        web,
        token("https://kubernetes.default.svc.cluster.local"),
        "",
        ITS_ADDRESS);
  }

  private CertifyResponse certify(SpiffeId identity, String token, String workload, String host)
      throws Refusal {
    return service.certify(
        CertifyRequest.newBuilder()
            .setIdentity(identity.uri())
            .setToken(token)
            .setWorkload(workload)
            .setCsr(ByteString.copyFrom(Csrs.forUri(key, identity.uri())))
            .build(),
        new Peer(host, host + ":40000", Optional.empty()));
  }

  private void refused(
      Reason reason, SpiffeId identity, String token, String workload, String host) {
    assertThatThrownBy(() -> certify(identity, token, workload, host))
        .isInstanceOfSatisfying(
            Refusal.class,
            refusal -> assertThat(refusal.reason()).as(refusal.getMessage()).isEqualTo(reason));
  }

  /** The token with another service account in its claims. */
  private static String forged(String token) {
    String[] parts = token.split("\\.", -1);
    String claims =
        new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8)
            .replace(":web\"", ":cart\"")
            .replace("\"name\":\"web\"", "\"name\":\"cart\"");
    return parts[0]
        + "."
        + Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(claims.getBytes(StandardCharsets.UTF_8))
        + "."
        + parts[2];
  }

  private String token(String audience) {
    TokenRequest request =
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
            .build();
    return client
        .serviceAccounts()
        .inNamespace(namespace)
        .withName("web")
        .tokenRequest(request)
        .getStatus()
        .getToken();
  }

  private void account(String name) {
    client
        .resource(
            new ServiceAccountBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
                .endMetadata()
                .build())
        .create();
  }

  // Never scheduled: that it exists is enough for its token.
  private Pod pod(String name) {
    return client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
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
  }
}
