package io.refmesh.control.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.control.inject.PodNamespace;
import io.refmesh.control.registry.HttpRoute;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Namespace;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Registry;
import io.refmesh.control.registry.Resource;
import io.refmesh.control.registry.Service;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A cluster as the control plane sees it. */
class KubernetesRegistryTest {

  private static final String CART =
      """
      kind: Service
      metadata:
        name: cart
        namespace: shop
        creationTimestamp: "2026-11-23T10:00:00Z"
        annotations: {refmesh.io/opaque-ports: "9000", kubectl.kubernetes.io/last-applied-configuration: "{}"}
        managedFields: [{manager: kubectl}]
      spec:
        clusterIP: 10.96.0.7
        clusterIPs: [10.96.0.7, "fd00:10:96::7"]
        selector: {app: cart}
        ports:
        - {name: http, port: 80, targetPort: http}
        - {name: dns, port: 53, protocol: UDP}
      status: {loadBalancer: {}}
      """;

  private final FakeApi api = new FakeApi(ours());
  private final List<Health> healths = new ArrayList<>();
  private final KubernetesRegistry registry = registry(Duration.ofSeconds(5));
  private final BlockingQueue<Registry.View> told = new LinkedBlockingQueue<>();

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void readsServicesWithTheirAddressesOfAllFamilies() throws Exception {
    api.put(Kind.SERVICE, CART);

    Service cart = (Service) only(registry.load());
    assertThat(cart.addresses()).containsExactly("10.96.0.7", "fd00:10:96:0:0:0:0:7");
    assertThat(cart.ports())
        .containsExactly(new Service.Port("http", 80, new Service.Target.Name("http"), ""));
    assertThat(cart.metadata().annotations()).containsOnlyKeys("refmesh.io/opaque-ports");
  }

  @Test
  void aHeadlessServiceHasNoAddressOfItsOwn() throws Exception {
    api.put(
        Kind.SERVICE,
        CART.replace("10.96.0.7, \"fd00:10:96::7\"", "None").replace("10.96.0.7", "None"));

    assertThat(((Service) only(registry.load())).addresses()).isEmpty();
  }

  @Test
  void servicesThatLeadToNoPodsAreLeftToTheCluster() throws Exception {
    api.put(Kind.SERVICE, CART.replace("selector: {app: cart}", "selector: {}"));
    api.put(
        Kind.SERVICE,
        """
        kind: Service
        metadata: {name: mail, namespace: shop}
        spec: {type: ExternalName, externalName: mail.example.com, selector: {app: mail}}
        """);

    Registry.View view = registry.load();
    assertThat(view.contents().resources()).isEmpty();
    assertThat(view.contents().problems()).isEmpty();
  }

  @Test
  void podsAreInstancesInTheZonesOfTheirNodes() throws Exception {
    api.put(
        Kind.NODE,
        "{kind: Node, metadata: {name: worker-1, labels: {topology.kubernetes.io/zone: eu-1a}}}");
    api.put(Kind.POD, Manifests.pod("cart-1", "10.244.0.5", Manifests.READY));

    List<Instance> instances = registry.load().instances();
    assertThat(instances).hasSize(1);
    assertThat(instances.getFirst().qualifiedName()).isEqualTo("shop/cart-1/0");
    assertThat(instances.getFirst().zone()).isEqualTo("eu-1a");
    assertThat(instances.getFirst().ready()).isTrue();
  }

  @Test
  void anAddressThatWasGivenAgainBelongsToTheLivingPod() throws Exception {
    api.put(
        Kind.POD,
        Manifests.pod("old", "10.244.0.5", Manifests.READY)
            .replace("  uid:", "  deletionTimestamp: \"2026-11-23T11:00:00Z\"\n  uid:"));
    api.put(Kind.POD, Manifests.pod("new", "10.244.0.5", Manifests.READY));

    assertThat(registry.load().instances()).extracting(Instance::workload).containsExactly("new");
  }

  @Test
  void podsOnTheirNodesNetworkShareItsAddress() throws Exception {
    for (String name : List.of("kube-proxy", "kindnet")) {
      api.put(
          Kind.POD,
          Manifests.pod(name, "172.18.0.2", Manifests.READY)
              .replace("  nodeName:", "  hostNetwork: true\n  nodeName:"));
    }
    assertThat(registry.load().instances())
        .extracting(Instance::workload)
        .containsExactly("kindnet", "kube-proxy");
  }

  @Test
  void objectsAreInOrderOfTheirCreationThenOfTheirNames() throws Exception {
    api.put(Kind.NAMESPACE, namespace("b", "2026-11-23T10:00:00Z"));
    api.put(Kind.NAMESPACE, namespace("a", "2026-11-23T10:00:00Z"));
    api.put(Kind.NAMESPACE, namespace("c", "2026-11-22T10:00:00Z"));

    assertThat(registry.load().contents().only(Namespace.class))
        .extracting(one -> one.metadata().name())
        .containsExactly("c", "a", "b");
  }

  @Test
  void tellsChangesAndKeepsTheLastGoodVersionOfAnObjectThatBroke() throws Exception {
    api.serve(Kind.HTTP_ROUTE);
    api.put(Kind.SERVICE, CART);
    api.put(Kind.HTTP_ROUTE, route("{kind: Service, name: cart, port: 80}", 1));
    registry.load();
    registry.watch(told::add);
    api.nextWatch(Kind.HTTP_ROUTE);

    api.put(Kind.HTTP_ROUTE, route("{kind: Service, name: cart, port: 0}", 2));
    Registry.View broken = next(view -> !view.contents().problems().isEmpty());
    assertThat(broken.contents().only(HttpRoute.class))
        .extracting(route -> route.metadata().generation())
        .containsExactly(1);
    assertThat(broken.contents().problems())
        .extracting(Problem::toString)
        .singleElement()
        .asString()
        .startsWith("HTTPRoute shop/cart: spec.parentRefs[0].port: 0 (expected: ");

    api.put(Kind.HTTP_ROUTE, route("{kind: Service, name: cart, port: 80}", 3));
    Registry.View corrected = next(view -> view.contents().problems().isEmpty());
    assertThat(corrected.contents().only(HttpRoute.class))
        .extracting(route -> route.metadata().generation())
        .containsExactly(3);
  }

  @Test
  void tellsWhenSomebodyLastChangedWhatEndsByItself() throws Exception {
    api.put(
        Kind.DETOUR,
        """
        kind: Detour
        metadata:
          name: slow
          namespace: shop
          creationTimestamp: "2026-11-23T10:00:00Z"
          managedFields:
          - {manager: kubectl, operation: Apply, time: "2026-11-23T10:00:05Z", fieldsV1: {"f:spec": {}}}
          - {manager: mesh, operation: Update, time: "2026-11-23T10:00:03Z"}
          - {manager: control, operation: Update, subresource: status, time: "2026-11-23T11:00:00Z"}
        spec: {targetRefs: [{kind: Service, name: cart}], via: "127.0.0.1:8666", expiresAfter: 2m}
        """);
    assertThat(only(registry.load()).metadata().changed())
        .contains(Instant.parse("2026-11-23T10:00:05Z"));
  }

  @Test
  void ofRoutesItReadsWhatIsAboutServices() throws Exception {
    api.serve(Kind.HTTP_ROUTE);
    String both = "{name: gate}, {kind: Service, name: cart, port: 80}";
    api.put(Kind.HTTP_ROUTE, route(both, 1));
    api.put(Kind.HTTP_ROUTE, route("{name: gate}", 1).replace("name: cart, n", "name: other, n"));

    Registry.View view = registry.load();
    assertThat(view.contents().problems()).isEmpty();
    assertThat(view.contents().only(HttpRoute.class))
        .singleElement()
        .satisfies(route -> assertThat(route.parentRefs()).hasSize(1));
  }

  @Test
  void goesOnTellingWhatItKnewWhileTheServerIsAway() throws Exception {
    api.put(Kind.POD, Manifests.pod("cart-1", "10.244.0.5", Manifests.READY));
    registry.load();
    registry.watch(told::add);
    api.fail(new ApiFailure(0, "https://10.96.0.1:443: Connection refused"));

    Registry.View away = next(view -> !view.contents().problems().isEmpty());
    assertThat(away.instances()).hasSize(1);
    assertThat(away.contents().problems().getFirst().toString())
        .startsWith("Kubernetes API ")
        .contains("Connection refused", "what was known of it before still holds");

    api.fail(null);
    assertThat(next(view -> view.contents().problems().isEmpty()).instances()).hasSize(1);
  }

  @Test
  void isNotLoadedBeforeEveryKindWasRead() {
    KubernetesRegistry patient = registry(Duration.ofMillis(200));
    api.failLists(Kind.NODE, new ApiFailure(503, "list nodes: 503 the server is starting"));

    assertThatThrownBy(patient::load)
        .isInstanceOf(Registry.Unavailable.class)
        .hasMessageContaining("503 the server is starting");
    patient.close();
  }

  @Test
  void namesEveryPermissionThatIsMissing() {
    api.failLists(Kind.NODE, new ApiFailure(403, "may not list nodes"));
    api.failLists(Kind.POD, new ApiFailure(403, "may not list pods"));

    assertThatThrownBy(registry::load)
        .isInstanceOf(Registry.Unavailable.class)
        .hasMessageContaining("may not list nodes")
        .hasMessageContaining("may not list pods");
  }

  @Test
  void saysWhichOfOurKindsTheServerDoesNotKnow() throws Exception {
    api.withdraw(Kind.DETOUR);

    assertThat(registry.load().contents().problems())
        .extracting(Problem::toString)
        .singleElement()
        .asString()
        .startsWith("Kubernetes API detours.refmesh.io: the API server does not know it");
  }

  @Test
  void knowsWhoseAnAddressIs() throws Exception {
    api.put(Kind.POD, Manifests.pod("cart-1", "10.244.0.5", Manifests.READY));
    String onNode =
        Manifests.pod("kindnet", "172.18.0.2", Manifests.READY)
            .replace("  nodeName:", "  hostNetwork: true\n  nodeName:");
    api.put(Kind.POD, onNode);
    registry.load();

    assertThat(registry.podAt("10.244.0.5")).contains("shop/cart-1");
    assertThat(registry.podAt("172.18.0.2")).as("its node's, and of others").isEmpty();
    assertThat(registry.podAt("10.244.0.6")).isEmpty();
  }

  @Test
  void knowsWhoseAnAddressIsAfterItWentToAnotherPod() throws Exception {
    String first = Manifests.pod("cart-1", "10.244.0.5", Manifests.READY);
    api.put(Kind.POD, first);
    registry.load();
    registry.watch(told::add);
    api.nextWatch(Kind.POD);
    assertThat(registry.podAt("10.244.0.5")).contains("shop/cart-1");

    api.delete(Kind.POD, first);
    next(view -> view.instances().isEmpty());
    assertThat(registry.podAt("10.244.0.5")).isEmpty();

    api.put(Kind.POD, Manifests.pod("web-1", "10.244.0.5", Manifests.READY));
    next(view -> !view.instances().isEmpty());
    assertThat(registry.podAt("10.244.0.5")).contains("shop/web-1");
  }

  @Test
  void tellsLabelsAndAnnotationsOfNamespacesAndAsksForThoseItHasNotHeardOf() throws Exception {
    String shop =
        "{kind: Namespace, metadata: {name: %s, labels: {refmesh.io/inject: enabled},"
            + " annotations: {refmesh.io/opaque-ports: '9000', other: x}}}";
    api.put(Kind.NAMESPACE, shop.formatted("shop"));
    registry.load();
    api.nextWatch(Kind.NAMESPACE);
    api.putUnseen(Kind.NAMESPACE, shop.formatted("fresh"));

    for (String name : List.of("shop", "fresh")) {
      assertThat(registry.get(name))
          .isEqualTo(
              new PodNamespace(
                  name,
                  Map.of("refmesh.io/inject", "enabled"),
                  Map.of("refmesh.io/opaque-ports", "9000")));
    }
    assertThatThrownBy(() -> registry.get("gone"))
        .hasMessageContaining("get namespaces: 404 not found");
  }

  @Test
  void followsKindsAsTheyComeAndForgetsThoseThatGo() throws Exception {
    registry.load();
    registry.watch(told::add);
    api.put(Kind.HTTP_ROUTE, route("{kind: Service, name: cart, port: 80}", 1));
    api.serve(Kind.HTTP_ROUTE);
    next(view -> !view.contents().only(HttpRoute.class).isEmpty());

    api.withdraw(Kind.HTTP_ROUTE);
    next(view -> view.contents().only(HttpRoute.class).isEmpty());
  }

  @Test
  void followsGatewayApiOnlyWhereItIsInstalled() throws Exception {
    registry.load();
    assertThat(healths).extracting(Health::resource).contains("pods", "detours.refmesh.io");
    assertThat(healths)
        .extracting(Health::resource)
        .doesNotContain("httproutes.gateway.networking.k8s.io");
  }

  private KubernetesRegistry registry(Duration start) {
    return new KubernetesRegistry(
        api,
        InstantSource.system(),
        new SplittableRandom(1),
        health -> {
          synchronized (healths) {
            healths.add(health);
          }
        },
        new Pace(
            Duration.ofMillis(1),
            Duration.ofMillis(20),
            Duration.ofMinutes(1),
            start,
            Duration.ofMillis(10)));
  }

  private Registry.View next(Predicate<Registry.View> wanted) throws InterruptedException {
    while (true) {
      Registry.View view = told.poll(5, TimeUnit.SECONDS);
      if (view == null) {
        throw new AssertionError("not told");
      }
      if (wanted.test(view)) {
        return view;
      }
    }
  }

  private static Resource only(Registry.View view) {
    assertThat(view.contents().problems()).isEmpty();
    assertThat(view.contents().resources()).hasSize(1);
    return view.contents().resources().getFirst();
  }

  private static Kind[] ours() {
    return Arrays.stream(Kind.values()).filter(Kind::ours).toArray(Kind[]::new);
  }

  private static String namespace(String name, String created) {
    return "{kind: Namespace, metadata: {name: "
        + name
        + ", creationTimestamp: \""
        + created
        + "\", labels: {kubernetes.io/metadata.name: x}}, spec: {finalizers: [kubernetes]}}";
  }

  private static String route(String parent, int generation) {
    return """
    kind: HTTPRoute
    metadata: {name: cart, namespace: shop, generation: %d}
    spec:
      parentRefs: [%s]
      rules: [{backendRefs: [{name: cart, port: 80}]}]
    """
        .formatted(generation, parent);
  }
}
