package io.refmesh.control.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Instances.Port;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a pod. */
class PodTest {

  private static final String READY = Manifests.pod("cart-7d9f", "10.244.0.5", Manifests.READY);

  @Test
  void isAnInstanceNamedAsThePodWithItsAccountAndTheZoneOfItsNode() {
    assertThat(require(READY).instance(Map.of("worker-1", "eu-1a")))
        .isEqualTo(
            new Instance(
                "shop",
                "cart-7d9f",
                0,
                Map.of("app", "cart"),
                "cart",
                "eu-1a",
                "10.244.0.5",
                "",
                true,
                false,
                List.of(new Port("http", 8080, "")),
                Map.of("refmesh.io/injected", "true", "refmesh.io/inject", "enabled"),
                List.of(),
                true));
  }

  @ParameterizedTest
  @CsvSource({
    "Pending, False, false",
    "Running, False, false",
    "Running, Unknown, false",
    "Running, True, true"
  })
  void isReadyWhenItsConditionSaysSo(String phase, String condition, boolean ready) {
    String pod =
        READY
            .replace("phase: Running", "phase: " + phase)
            .replace("status: \"True\"", "status: \"" + condition + "\"");

    assertThat(require(pod).ready()).isEqualTo(ready);
  }

  @Test
  void isNotReadyWithoutConditions() {
    assertThat(require(Manifests.pod("a", "10.244.0.5", "")).ready()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Succeeded", "Failed"})
  void isNothingWhenItHasEndedBecauseItsAddressMayBeAnothers(String phase) {
    assertThat(Pod.read(Manifests.of(READY.replace("phase: Running", "phase: " + phase))))
        .isEmpty();
  }

  @Test
  void isNothingBeforeItHasAnAddress() {
    assertThat(Pod.read(Manifests.of(READY.replace("podIP: 10.244.0.5", "hostIP: 172.18.0.2"))))
        .isEmpty();
  }

  @Test
  void takesNoNewCallsWhenItWasAskedToEnd() {
    Pod pod =
        require(
            READY.replace(
                "  uid: 6c1d", "  deletionTimestamp: \"2026-11-23T11:00:00Z\"\n  uid: 6c1d"));

    assertThat(pod.instance(Map.of()).draining()).isTrue();
    assertThat(pod.instance(Map.of()).ready()).as("as its condition says").isTrue();
  }

  @Test
  void withoutSidecarItProvesNothingWhateverWasAskedFor() {
    Pod pod = require(READY.replace("refmesh.io/injected: \"true\"", "refmesh.io/inject: enabled"));

    assertThat(pod.injected()).isFalse();
    assertThat(pod.instance(Map.of()).annotations()).containsEntry("refmesh.io/inject", "disabled");
    assertThat(pod.instance(Map.of()).captured()).as("its address leads to it").isTrue();
  }

  @Test
  void onItsNodesNetworkItsAddressIsNotItsOwn() {
    Pod pod = require(READY.replace("  nodeName:", "  hostNetwork: true\n  nodeName:"));

    assertThat(pod.instance(Map.of()).captured()).isFalse();
  }

  @Test
  void offersTcpPortsOfContainersAndOfSidecarsThatAreNotOurs() {
    String containers =
        """
          - name: app
            ports: [{name: http, containerPort: 8080}]
          - name: dns
            ports: [{name: dns, containerPort: 53, protocol: UDP}, {containerPort: 54, protocol: TCP}]
          initContainers:
          - name: once
            ports: [{containerPort: 1}]
          - name: logs
            restartPolicy: Always
            ports: [{name: logs, containerPort: 2020}]
          - name: refmesh-proxy
            restartPolicy: Always
            ports: [{name: admin, containerPort: 4191}]
        """;
    String pod =
        READY.replace(
            "  - name: app\n    ports: [{name: http, containerPort: 8080}]\n", containers);

    assertThat(require(pod).ports())
        .containsExactly(
            new Port("http", 8080, ""), new Port("", 54, ""), new Port("logs", 2020, ""));
  }

  @Test
  void keepsOfItsAnnotationsOnlyOurs() {
    assertThat(require(READY).annotations())
        .containsOnlyKeys("refmesh.io/injected", "refmesh.io/inject");
  }

  @Test
  void writesAddressesAsSidecarsDo() {
    assertThat(require(Manifests.pod("a", "\"fd00:10:244::5\"", "")).address())
        .isEqualTo("fd00:10:244:0:0:0:0:5");
  }

  @Test
  void ofTwoPodsWithOneAddressTheLivingOneHasItThenTheYounger() {
    Pod older = require(READY);
    Pod younger = require(READY.replace("T10:00:00Z", "T10:00:01Z").replace("7d9f", "8888"));
    Pod ending =
        require(
            READY
                .replace("T10:00:00Z", "T10:00:09Z")
                .replace(
                    "  uid: 6c1d", "  deletionTimestamp: \"2026-11-23T11:00:00Z\"\n  uid: 6c1d"));

    assertThat(Pod.living(older, younger)).isEqualTo(younger);
    assertThat(Pod.living(younger, older)).isEqualTo(younger);
    assertThat(Pod.living(ending, older)).isEqualTo(older);
    assertThat(Pod.living(older, ending)).isEqualTo(older);
  }

  private static Pod require(String yaml) {
    Optional<Pod> pod = Pod.read(Manifests.of(yaml));
    assertThat(pod).isPresent();
    return pod.orElseThrow();
  }
}
