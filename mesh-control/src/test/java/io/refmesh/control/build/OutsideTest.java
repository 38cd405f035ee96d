package io.refmesh.control.build;

import static io.refmesh.control.build.States.SERVICES;
import static io.refmesh.control.build.States.build;
import static io.refmesh.control.build.States.instance;
import static io.refmesh.control.build.States.require;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.policy.Authorization.Network;
import io.refmesh.model.policy.Egress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OutsideTest {

  @Test
  void tellsTheWorkloadsOfANamespaceWhatTheyMayCall() {
    Snapshots snapshots =
        snapshots(
            """
            kind: EgressPolicy
            metadata: {name: outside, namespace: shop}
            spec:
              default: Deny
              allow:
              - {hosts: ["api.example.com", "*.Example.org"], ports: [443]}
              - {networks: [{cidr: 192.0.2.0/24}]}
            """);

    assertThat(egress(snapshots))
        .contains(
            new Egress(
                "shop/outside",
                false,
                List.of(
                    new Egress.Entry(
                        "shop/outside[0]",
                        List.of("api.example.com", "*.example.org"),
                        List.of(443),
                        List.of()),
                    new Egress.Entry(
                        "shop/outside[1]",
                        List.of(),
                        List.of(),
                        List.of(new Network("192.0.2.0/24", List.of()))))));
  }

  @Test
  void saysNothingWhereNoPolicyIs() {
    assertThat(
            egress(
                snapshots(
                    """
                    kind: EgressPolicy
                    metadata: {name: outside, namespace: ops}
                    spec: {default: Deny}
                    """)))
        .isEmpty();
  }

  @Test
  void takesEachFieldFromTheNamespaceBeforeTheMesh() {
    Egress egress =
        require(
            egress(
                snapshots(
                    """
                    kind: EgressPolicy
                    metadata: {name: mesh, namespace: refmesh-system}
                    spec: {default: Deny, allow: [{ports: [53]}]}
                    ---
                    kind: EgressPolicy
                    metadata: {name: outside, namespace: shop}
                    spec: {allow: [{ports: [443]}]}
                    """)));

    assertThat(egress.policy()).isEqualTo("refmesh-system/mesh");
    assertThat(egress.allowed()).isFalse();
    assertThat(egress.entries()).extracting(Egress.Entry::name).containsExactly("shop/outside[0]");
  }

  @Test
  void forbidsTheRestWhereOnlyAListIsGiven() {
    Egress egress =
        require(
            egress(
                snapshots(
                    """
                    kind: EgressPolicy
                    metadata: {name: outside, namespace: shop}
                    spec: {allow: [{ports: [443]}]}
                    """)));
    assertThat(egress.allowed()).isFalse();
  }

  @Test
  void saysWhichOfTwoInANamespaceWins() {
    Snapshots snapshots =
        snapshots(
            """
            kind: EgressPolicy
            metadata: {name: older, namespace: shop}
            spec: {default: Deny}
            ---
            kind: EgressPolicy
            metadata: {name: newer, namespace: shop}
            spec: {default: Allow}
            """);

    assertThat(require(egress(snapshots)).allowed()).isFalse();
    assertThat(snapshots.problems())
        .anySatisfy(problem -> {
          assertThat(problem.object()).isEqualTo("EgressPolicy shop/newer");
          assertThat(problem.message())
              .contains("has the same target as shop/older, which is older");
        });
  }

  @Test
  void saysForWhomItDoesNotHold() {
    assertThat(
            snapshots(
                    """
                    kind: EgressPolicy
                    metadata: {name: outside, namespace: shop}
                    spec: {default: Deny}
                    """)
                .problems())
        .singleElement()
        .satisfies(problem ->
            assertThat(problem.message())
                .startsWith(
                    "does not hold for shop/cart, whose calls to places outside the mesh do not"
                        + " pass a sidecar"));
  }

  private static Snapshots snapshots(String yaml) {
    return build(SERVICES + yaml, instance("cart", 0));
  }

  private static Optional<Egress> egress(Snapshots snapshots) {
    return require(
            Optional.ofNullable(snapshots.workloads().get(InstanceId.of(instance("cart", 0)))))
        .config()
        .egress();
  }
}
