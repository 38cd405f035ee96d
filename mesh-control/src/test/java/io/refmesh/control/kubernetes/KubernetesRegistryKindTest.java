package io.refmesh.control.kubernetes;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.refmesh.control.build.RouteStatus;
import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.HttpRoute;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.RateLimitPolicy;
import io.refmesh.control.registry.Registry;
import io.refmesh.control.registry.Service;
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Against a real API server, in a namespace of its own; KUBECONFIG says which. Pods get no node:
 * what a kubelet would say of them the test says.
 */
@Tag("kind")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KubernetesRegistryKindTest {

  /** Of Gateway API's kind only what the server must know. */
  private static final String ROUTES =
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata:
        name: httproutes.gateway.networking.k8s.io
        annotations: {api-approved.kubernetes.io: "unapproved, a stand-in for tests"}
      spec:
        group: gateway.networking.k8s.io
        scope: Namespaced
        names: {kind: HTTPRoute, plural: httproutes, singular: httproute, listKind: HTTPRouteList}
        versions:
        - name: v1
          served: true
          storage: true
          subresources: {status: {}}
          schema:
            openAPIV3Schema:
              type: object
              properties:
                spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
                status: {type: object, x-kubernetes-preserve-unknown-fields: true}
      """;

  private final SecureRandom random = new SecureRandom();
  private final String namespace = "refmesh-registry-" + Long.toHexString(random.nextLong());
  private volatile Registry.View newest = new Registry.View(Contents.EMPTY, List.of());
  private Path kubeconfig;
  private KubernetesClient client;
  private KubernetesRegistry registry;
  private boolean madeRoutes;
  private Relay relay;
  @TempDir static Path folder;
  private final Map<String, Health> healths = new ConcurrentHashMap<>();

  @BeforeAll
  void open() throws Exception {
    String setting = System.getenv("KUBECONFIG");
    assumeTrue(
        setting != null && Files.isReadable(Path.of(setting)),
        "no cluster: KUBECONFIG is not set (make one with kind create cluster)");
    kubeconfig = Path.of(requireNonNull(setting));
    ClusterClient connection = ClusterClient.open(new ClusterAccess.Kubeconfig(kubeconfig));
    client = connection.fabric8();
    URL server = client.getMasterUrl();
    relay = new Relay(new InetSocketAddress(server.getHost(), server.getPort()));
    Path throughRelay =
        Files.writeString(
            folder.resolve("kubeconfig"),
            Files.readString(kubeconfig)
                .replace(server.getHost() + ":" + server.getPort(), "127.0.0.1:" + relay.port()));
    create("{apiVersion: v1, kind: Namespace, metadata: {name: " + namespace + "}}");
    registry =
        new KubernetesRegistry(
            ClusterClient.open(new ClusterAccess.Kubeconfig(throughRelay)),
            InstantSource.system(),
            random,
            health -> healths.put(health.resource(), health),
            new Pace(
                Duration.ofMillis(200),
                Duration.ofSeconds(2),
                Duration.ofSeconds(90),
                Duration.ofSeconds(30),
                Duration.ofMillis(500)));
    registry.load();
    registry.watch(view -> newest = view);
  }

  @AfterAll
  void close() throws Exception {
    if (registry != null) {
      client.namespaces().withName(namespace).delete();
      if (madeRoutes) {
        client
            .apiextensions()
            .v1()
            .customResourceDefinitions()
            .withName("httproutes.gateway.networking.k8s.io")
            .delete();
      }
      registry.close();
      relay.close();
    }
    if (client != null) {
      client.close();
    }
  }

  @Test
  void aServiceComesWithTheAddressThatTheClusterGaveIt() throws Exception {
    create(service("cart", ""));
    create(service("headless", "clusterIP: None,"));

    Service cart = next(view -> service(view, "cart"));
    assertThat(cart.addresses())
        .containsExactly(
            client
                .services()
                .inNamespace(namespace)
                .withName("cart")
                .get()
                .getSpec()
                .getClusterIP());
    Service headless = next(view -> service(view, "headless"));
    assertThat(headless.addresses()).isEmpty();
  }

  @Test
  void aPodIsAnInstanceFromItsAddressToItsEnd() throws Exception {
    create(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: web-1, labels: {app: web}, annotations: {refmesh.io/injected: "true"}}
        spec:
          nodeSelector: {refmesh.io/no-such-node: "true"}
          containers: [{name: app, image: "none:1", ports: [{name: http, containerPort: 8080}]}]
        """);
    kubeletSays("{phase: Running, podIP: 10.244.99.9, podIPs: [{ip: 10.244.99.9}]}");
    Instance starting = instance(instance -> !instance.ready());
    assertThat(starting.address()).isEqualTo("10.244.99.9");
    assertThat(starting.serviceAccount()).isEqualTo("default");

    kubeletSays("{conditions: [{type: Ready, status: 'True'}]}");
    instance(Instance::ready);
    assertThat(registry.podAt("10.244.99.9")).contains(namespace + "/web-1");

    client.pods().inNamespace(namespace).withName("web-1").withGracePeriod(0).delete();
    next(view -> instances(view).isEmpty() ? Optional.of(true) : Optional.empty());
    assertThat(registry.podAt("10.244.99.9")).isEmpty();
  }

  @Test
  void aRouteIsReadOnceItsKindIsThereAndToldWhatBecameOfIt() throws Exception {
    if (client.apiextensions().v1().customResourceDefinitions().list().getItems().stream()
        .noneMatch(kind -> kind.getSpec().getNames().getPlural().equals("httproutes"))) {
      madeRoutes = true;
      create(ROUTES);
    }
    String route =
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: cart}
        spec:
          parentRefs: [{group: "", kind: Service, name: cart, port: 80}]
          rules: [{backendRefs: [{name: cart, port: 80}]}]
        """;
    for (int tries = 0; ; tries++) {
      try {
        create(route);
        break;
      } catch (RuntimeException e) {
        // The server takes a moment to serve a kind that it was just told of.
        assertThat(tries).as(e.getMessage()).isLessThan(50);
        TimeUnit.MILLISECONDS.sleep(200);
      }
    }
    HttpRoute read = next(this::route);
    assertThat(read.metadata().generation()).isEqualTo(1);
    assertThat(read.metadata().created()).isAfter(Instant.EPOCH);

    BlockingQueue<String> results = new LinkedBlockingQueue<>();
    try (StatusWriter writer = registry.writeStatus(() -> true, results::add)) {
      RouteStatus.Condition accepted =
          new RouteStatus.Condition("Accepted", "True", "Accepted", "", 1);
      RouteStatus status =
          new RouteStatus(
              "HTTPRoute",
              namespace,
              "cart",
              List.of(new RouteStatus.Parent(namespace + "/cart", 80, List.of(accepted))));
      writer.judged(Contents.EMPTY, List.of(status), List.of());
      assertThat(results.poll(10, TimeUnit.SECONDS)).isEqualTo("written");
      String written =
          client
              .genericKubernetesResources("gateway.networking.k8s.io/v1", "HTTPRoute")
              .inNamespace(namespace)
              .withName("cart")
              .get()
              .toString();
      assertThat(written).contains(StatusWriter.CONTROLLER, "observedGeneration=1");

      // Once it has heard of its own write there is nothing left to say.
      TimeUnit.MILLISECONDS.sleep(500);
      writer.judged(Contents.EMPTY, List.of(status), List.of());
      assertThat(results.poll(500, TimeUnit.MILLISECONDS)).isNull();
    }
  }

  @Test
  void whatWasKnownHoldsWhileTheServerIsCutOffAndWhatHappenedMeanwhileIsLearntAfterwards()
      throws Exception {
    create(service("before", ""));
    create(service("goes", ""));
    next(view -> service(view, "goes"));
    relay.cut();

    next(view -> view.contents().problems().stream().findFirst());
    create(service("meanwhile", ""));
    client.services().inNamespace(namespace).withName("goes").delete();
    assertThat(service(newest, "before")).isPresent();
    assertThat(service(newest, "goes")).isPresent();
    Health services = requireNonNull(healths.get("services"));
    assertThat(services.reconnects()).isPositive();

    relay.restore();
    next(view -> service(view, "meanwhile"));
    next(view -> service(view, "goes").isEmpty() ? Optional.of(true) : Optional.empty());
    next(view ->
        view.contents().problems().stream().noneMatch(one -> one.message().contains("still holds"))
            ? Optional.of(true)
            : Optional.empty());
    assertThat(services.lists()).as("it went on where it was").isEqualTo(1);
  }

  @Test
  void aPolicyIsToldWhetherItHolds() throws Exception {
    assumeTrue(
        client.apiextensions().v1().customResourceDefinitions().list().getItems().stream()
            .anyMatch(kind -> kind.getMetadata().getName().equals("ratelimitpolicies.refmesh.io")),
        "the mesh's kinds are not there (mesh install --crds | kubectl apply -f -)");
    create(
        """
        apiVersion: refmesh.io/v1alpha1
        kind: RateLimitPolicy
        metadata: {name: cart}
        spec: {targetRefs: [{kind: Service, name: cart}], total: {requestsPerSecond: 10}}
        """);
    RateLimitPolicy policy =
        next(view ->
            view.contents().only(RateLimitPolicy.class).stream()
                .filter(one -> one.metadata().namespace().equals(namespace))
                .findFirst());

    BlockingQueue<String> results = new LinkedBlockingQueue<>();
    try (StatusWriter writer = registry.writeStatus(() -> true, results::add)) {
      writer.judged(
          new Contents(List.of(policy), List.of()),
          List.of(),
          List.of(policy.problem("spec.targetRefs[0]", "there is no Service cart")));
      assertThat(results.poll(10, TimeUnit.SECONDS)).isEqualTo("written");
    }
    assertThat(
            client
                .genericKubernetesResources("refmesh.io/v1alpha1", "RateLimitPolicy")
                .inNamespace(namespace)
                .withName("cart")
                .get()
                .toString())
        .contains("spec.targetRefs[0]: there is no Service cart", "reason=Invalid");
  }

  private void create(String yaml) {
    client
        .load(
            new ByteArrayInputStream(
                Manifests.of(yaml).toString().getBytes(StandardCharsets.UTF_8)))
        .inNamespace(namespace)
        .create();
  }

  private void kubeletSays(String status) {
    client
        .pods()
        .inNamespace(namespace)
        .withName("web-1")
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.STRATEGIC_MERGE),
            Manifests.of("{status: " + status + "}").toString());
  }

  private Instance instance(Predicate<Instance> wanted) throws InterruptedException {
    return next(view -> instances(view).stream().filter(wanted).findFirst());
  }

  private List<Instance> instances(Registry.View view) {
    return view.instances().stream()
        .filter(instance -> instance.namespace().equals(namespace))
        .toList();
  }

  private Optional<Service> service(Registry.View view, String name) {
    return view.contents().only(Service.class).stream()
        .filter(service -> service.metadata().qualifiedName().equals(namespace + "/" + name))
        .findFirst();
  }

  private Optional<HttpRoute> route(Registry.View view) {
    return view.contents().only(HttpRoute.class).stream()
        .filter(route -> route.metadata().namespace().equals(namespace))
        .findFirst();
  }

  private <T> T next(Function<Registry.View, Optional<T>> wanted) throws InterruptedException {
    Optional<T> found = wanted.apply(newest);
    for (int tries = 0; found.isEmpty(); tries++) {
      assertThat(tries).as("rounds of waiting").isLessThan(400);
      TimeUnit.MILLISECONDS.sleep(50);
      found = wanted.apply(newest);
    }
    return found.get();
  }

  private static String service(String name, String more) {
    return "{apiVersion: v1, kind: Service, metadata: {name: "
        + name
        + "}, spec: {"
        + more
        + " selector: {app: "
        + name
        + "}, ports: [{port: 80}]}}";
  }
}
