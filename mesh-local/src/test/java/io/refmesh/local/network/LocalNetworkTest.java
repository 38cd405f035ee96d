package io.refmesh.local.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class LocalNetworkTest {

  private final LocalNetwork network = new LocalNetwork(7, false);

  @Test
  void withNamespacesAWorkloadAndItsSidecarHaveOneAddressAndServicesOneForAll() {
    LocalNetwork namespaces = new LocalNetwork(7, true);
    assertThat(namespaces.controlPlane()).isEqualTo("198.18.7.1");
    assertThat(namespaces.sidecar(1)).isEqualTo("198.18.7.2");
    assertThat(namespaces.application(1)).isEqualTo("198.18.7.2");
    assertThat(namespaces.service(1, "shop/cart")).isEqualTo("198.19.7.10");
    assertThat(namespaces.service(2, "shop/cart")).isEqualTo("198.19.7.10");
  }

  @Test
  void givesEveryServiceOfEveryInstanceAnAddressOfItsOwn() {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      int instance = network.takeInstance();
      assertThat(seen.add(network.sidecar(instance))).isTrue();
      assertThat(seen.add(network.application(instance))).isTrue();
      for (int service = 0; service < 30; service++) {
        assertThat(seen.add(network.service(instance, "shop/s" + service))).isTrue();
      }
    }
    assertThat(seen).allMatch(address -> address.startsWith("127.7."));
    assertThat(network.controlPlane()).isEqualTo("127.7.0.1");
    assertThat(seen).doesNotContain(network.controlPlane());
  }

  @Test
  void keepsTheAddressOfAService() {
    int instance = network.takeInstance();
    String first = network.service(instance, "shop/cart");
    network.service(instance, "shop/web");
    assertThat(network.service(instance, "shop/cart")).isEqualTo(first);
  }

  @Test
  void givesAFreedNumberAgainOnlyWhenTheOthersAreUsedUp() {
    int first = network.takeInstance();
    network.releaseInstance(first);
    assertThat(network.takeInstance()).isNotEqualTo(first);
  }

  @Test
  void saysThatThereAreTooManyInstances() {
    for (int i = 0; i < LocalNetwork.INSTANCES_MAX; i++) {
      network.takeInstance();
    }
    assertThatThrownBy(network::takeInstance).hasMessageContaining("expected: fewer replicas");
  }

  @Test
  void knowsServicesByTheNamesThatKubernetesResolves() {
    String hosts =
        HostsFile.of(
            "shop",
            "cluster.local",
            Map.of("shop/cart", "127.1.3.10", "ops/cart", "127.1.3.11", "ops/log", "127.1.3.12"));
    assertThat(hosts)
        .isEqualTo(
            """
            127.0.0.1 localhost
            127.1.3.11 cart.ops cart.ops.svc cart.ops.svc.cluster.local
            127.1.3.12 log log.ops log.ops.svc log.ops.svc.cluster.local
            127.1.3.10 cart cart.shop cart.shop.svc cart.shop.svc.cluster.local
            """);
  }
}
