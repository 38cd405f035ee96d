package io.refmesh.cli.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class WorkloadsTest {

  private static final String DEPLOYMENT =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: cart
      spec:
        replicas: 1
        template:
          metadata:
            labels:
              version: "1"
          spec:
            containers: []
      """;

  @Test
  void marksThePodsOfADeployment() throws Exception {
    Workloads injected = Workloads.read("a", DEPLOYMENT).inject();
    assertThat(injected.text())
        .isEqualTo(
            """
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: cart
            spec:
              replicas: 1
              template:
                metadata:
                  labels:
                    version: "1"
                  annotations:
                    refmesh.io/inject: enabled
                spec:
                  containers: []
            """);
    assertThat(injected.changed()).containsExactly("Deployment cart");
  }

  @Test
  void marksAgainWithoutAChange() throws Exception {
    String once = Workloads.read("a", DEPLOYMENT).inject().text();
    Workloads twice = Workloads.read("a", once).inject();
    assertThat(twice.text()).isEqualTo(once);
    assertThat(twice.changed()).isEmpty();
  }

  @Test
  void takesTheMarkOffAgain() throws Exception {
    String plain = Workloads.read("a", DEPLOYMENT).text();
    String marked = Workloads.read("a", DEPLOYMENT).inject().text();
    assertThat(Workloads.read("a", marked).uninject().text()).isEqualTo(plain);
  }

  @Test
  void leavesAloneWhatHasNoPods() throws Exception {
    String service = "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: cart\n";
    assertThat(Workloads.read("a", service).inject().text()).isEqualTo(service);
  }

  @Test
  void findsPodsInListsAndCronJobs() throws Exception {
    Workloads injected =
        Workloads.read(
                "a",
                """
                apiVersion: v1
                kind: List
                items:
                - {kind: CronJob, metadata: {name: a}, spec: {jobTemplate: {spec: {template: {spec: {}}}}}}
                - {kind: Pod, metadata: {name: b}}
                """)
            .inject();
    assertThat(injected.changed()).containsExactly("CronJob a", "Pod b");
  }

  @Test
  void saysWhereTheYamlIsBroken() {
    assertThatThrownBy(() -> Workloads.read("shop.yaml", "a: [1\n"))
        .isInstanceOf(BadValueException.class)
        .hasMessageStartingWith("shop.yaml: not YAML");
  }
}
