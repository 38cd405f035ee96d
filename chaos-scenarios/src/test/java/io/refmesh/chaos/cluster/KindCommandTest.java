package io.refmesh.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class KindCommandTest {

  @Test
  void everyNodeIsInAZoneOfItsOwnAndTheFirstTakesPodsToo() {
    assertThat(KindCommand.configuration(2))
        .isEqualTo(
            """
            kind: Cluster
            apiVersion: kind.x-k8s.io/v1alpha4
            nodes:
            - role: control-plane
              labels:
                topology.kubernetes.io/zone: zone-a
              kubeadmConfigPatches:
              - |
                kind: InitConfiguration
                nodeRegistration:
                  taints: []
            - role: worker
              labels:
                topology.kubernetes.io/zone: zone-b
            """);
  }
}
