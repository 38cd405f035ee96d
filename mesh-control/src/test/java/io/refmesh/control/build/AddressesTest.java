package io.refmesh.control.build;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Instances.Outbound;
import io.refmesh.control.registry.Instances.Port;
import io.refmesh.control.registry.ResourceParser;
import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.testkit.acceptance.Acceptance;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the addresses are that captured connections were meant for. */
class AddressesTest {

  private final Snapshots snapshots =
      States.build(
          States.SERVICES
              + """
              apiVersion: refmesh.io/v1alpha1
              kind: ResiliencePolicy
              metadata: {name: all, namespace: shop}
              spec: {timeouts: {request: 2s}}
              """,
          captured("cart", "10.0.0.5", Map.of("refmesh.io/skip-inbound-ports", "9000, 9001")),
          captured("job", "10.0.0.6", Map.of("refmesh.io/inject", "disabled")));

  @Test
  @Acceptance(26)
  void aServicesAddressIsTheServiceOnThePortsItDeclares() {
    assertThat(snapshots.address(new HostPort("198.19.0.1", 80)))
        .isEqualTo(new AddressState.Found(States.CART, AppProtocol.HTTP));
    assertThat(snapshots.address(new HostPort("198.19.0.1", 81)))
        .isEqualTo(new AddressState.Refused("the Service shop/cart declares no port 81"));
  }

  @Test
  @Acceptance(62)
  void aWorkloadsAddressIsThatWorkloadAloneWithItsIdentityOnEveryPort() {
    for (int port : new int[] {8080, 12_345}) {
      ServicePort own = new ServicePort("shop", "cart-0@10.0.0.5", port);
      assertThat(snapshots.address(new HostPort("10.0.0.5", port)))
          .isEqualTo(
              new AddressState.Found(own, port == 8080 ? AppProtocol.HTTP : AppProtocol.DETECT));
      Destination destination = States.destination(snapshots, own);
      List<EndpointSpec> endpoints =
          States.require(java.util.Optional.ofNullable(destination.backends().get(own)))
              .endpoints();
      assertThat(endpoints).hasSize(1);
      assertThat(endpoints.getFirst().address()).isEqualTo(new HostPort("10.0.0.5", port));
      assertThat(endpoints.getFirst().identity().map(Object::toString))
          .contains("spiffe://cluster.local/ns/shop/sa/cart");
      assertThat(destination.rules().getFirst().timeouts().request().toSeconds())
          .as("the policy of its namespace")
          .isEqualTo(2);
    }
  }

  @Test
  void aWorkloadWithoutSidecarHasNoIdentityToProve() {
    ServicePort own = new ServicePort("shop", "job-0@10.0.0.6", 8080);
    assertThat(snapshots.address(new HostPort("10.0.0.6", 8080)))
        .isEqualTo(new AddressState.Found(own, AppProtocol.HTTP));
    assertThat(
            States.destination(snapshots, own).backends().values().stream()
                .flatMap(backend -> backend.endpoints().stream())
                .map(EndpointSpec::identity))
        .allMatch(java.util.Optional::isEmpty);
  }

  @Test
  void everythingElseIsOutside() {
    for (HostPort address :
        List.of(
            new HostPort("192.0.2.7", 443),
            new HostPort("10.0.0.5", 4191),
            new HostPort("10.0.0.5", 4190),
            new HostPort("10.0.0.5", 9001))) {
      assertThat(snapshots.address(address))
          .as(address.toString())
          .isEqualTo(new AddressState.Outside());
    }
    assertThat(snapshots.destination("shop", new ServicePort("shop", "cart-0@10.0.0.9", 8080)))
        .isEmpty();
    assertThat(snapshots.destination("shop", new ServicePort("other", "cart-0@10.0.0.5", 8080)))
        .isEmpty();
  }

  @Test
  void aCapturedWorkloadListensOnNoAddressesOfServices() {
    assertThat(snapshots.workloads().values())
        .allSatisfy(workload -> assertThat(workload.config().outbound()).isEmpty());
  }

  @Test
  void theAddressesThatAClusterGaveAServiceAreTheService() {
    Snapshots cluster =
        States.build(
            ResourceParser.parseObject(
                    """
                    {"apiVersion": "v1", "kind": "Service",
                     "metadata": {"name": "cart", "namespace": "shop"},
                     "spec": {"selector": {"app": "cart"}, "ports": [{"port": 80}],
                              "clusterIPs": ["10.96.0.7", "fd00:10:96::7"]}}
                    """)
                .resources(),
            List.of(),
            expiring -> true);

    for (String address : List.of("10.96.0.7", "fd00:10:96:0:0:0:0:7")) {
      assertThat(cluster.address(new HostPort(address, 80)))
          .isEqualTo(new AddressState.Found(States.CART, AppProtocol.DETECT));
      assertThat(cluster.address(new HostPort(address, 81)))
          .isEqualTo(new AddressState.Refused("the Service shop/cart declares no port 81"));
    }
  }

  private static Instance captured(
      String workload, String address, Map<String, String> annotations) {
    return new Instance(
        "shop",
        workload,
        0,
        Map.of("app", workload),
        workload,
        "",
        address,
        address,
        true,
        false,
        List.of(new Port("http", 8080, "http")),
        annotations,
        List.of(new Outbound("shop/cart", "198.19.0.1"), new Outbound("shop/gone", "198.19.0.2")),
        true);
  }
}
