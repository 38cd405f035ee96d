package io.refmesh.control.build;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.registry.Expiring;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Instances.Outbound;
import io.refmesh.control.registry.Instances.Port;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.ParseResult;
import io.refmesh.control.registry.Resource;
import io.refmesh.control.registry.ResourceParser;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.ServicePort;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** Makes states out of YAML and instances out of a few words. */
final class States {

  static final String TRUST_DOMAIN = "cluster.local";

  /** Two services that a test's policies can be about. */
  static final String SERVICES =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: cart, namespace: shop}
      spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: catalog, namespace: shop}
      spec: {selector: {app: catalog}, ports: [{name: http, port: 80, targetPort: 8080}]}
      ---
      """;

  /** When everything that ends by itself does. */
  static final Instant END = Instant.parse("2030-01-01T00:00:00Z");

  static final ServicePort CART = new ServicePort("shop", "cart", 80);

  private States() {}

  static List<Resource> resources(String yaml) {
    ParseResult result = ResourceParser.parse(Path.of("mesh.yaml"), yaml);
    assertThat(result.problems()).isEmpty();
    return result.resources();
  }

  static Snapshots build(String yaml, Instance... instances) {
    return build(resources(yaml), List.of(instances), detour -> true);
  }

  static Snapshots build(
      List<Resource> resources, List<Instance> instances, Predicate<Expiring> active) {
    MeshConfig config =
        resources.stream()
            .filter(MeshConfig.class::isInstance)
            .map(MeshConfig.class::cast)
            .findFirst()
            .orElse(MeshConfig.DEFAULT);
    return SnapshotBuilder.build(
        ClusterState.of(
            config,
            resources,
            instances,
            object -> active.test(object) ? Optional.of(END) : Optional.empty()),
        TRUST_DOMAIN);
  }

  static Destination destination(Snapshots snapshots, ServicePort port) {
    return require(snapshots.destination("elsewhere", port));
  }

  static <T> T require(Optional<T> value) {
    assertThat(value).isPresent();
    return value.orElseThrow();
  }

  /** A ready instance of {@code shop} with a label {@code app} and a port {@code http} on 8080. */
  static Instance instance(String workload, int replica) {
    return instance("shop", workload, replica, true, false, Map.of());
  }

  static Instance instance(
      String namespace,
      String workload,
      int replica,
      boolean ready,
      boolean draining,
      Map<String, String> annotations) {
    return new Instance(
        namespace,
        workload,
        replica,
        Map.of("app", workload),
        workload,
        "a",
        address(workload, replica),
        "127.1." + (workload.length() + 2) + "." + (replica * 2 + 2),
        ready,
        draining,
        new ArrayList<>(List.of(new Port("http", 8080, ""))),
        annotations,
        List.of(new Outbound("shop/cart", "127.1.9.1"), new Outbound("shop/unknown", "127.1.9.2")),
        false);
  }

  /** Where the sidecar of a replica takes calls. */
  static String address(String workload, int replica) {
    return "127.1." + (workload.length() + 2) + "." + (replica * 2 + 1);
  }
}
