package io.refmesh.control.inject;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestsTest {

  private static final String STREAM =
      """
      # The shop.
      apiVersion: v1
      kind: Service
      metadata: {name: cart, namespace: shop}   # odd   spacing
      spec:
          selector: { app: cart }
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: cart
        namespace: shop
      spec:
        replicas: 2
        template:
          # Of the pods.
          metadata:
            labels:
              app: cart   # the selector's
          spec:
            containers:
            - name: app
              image: cart
              volumeMounts: []
            volumes:
            - name: files
              configMap: {name: files, defaultMode: 0644}
      ---
      apiVersion: batch/v1
      kind: CronJob
      metadata: {name: report, namespace: shop}
      spec:
        jobTemplate:
          spec:
            template:
              spec: {restartPolicy: Never}
      """;

  @Test
  void addsNothingButTheMark() throws Manifests.NotYaml {
    Manifests.Result result = Manifests.inject(STREAM);

    assertThat(result.text())
        .isEqualTo(
            STREAM
                .replace(
                    "      labels:\n",
                    "      annotations:\n        refmesh.io/inject: enabled\n      labels:\n")
                .replace(
                    "        spec: {restart",
                    "        metadata:\n"
                        + "          annotations:\n"
                        + "            refmesh.io/inject: enabled\n"
                        + "        spec: {restart"));
    assertThat(result.outcomes())
        .containsExactly(
            new Manifests.Outcome("Service shop/cart", false, "no workload"),
            new Manifests.Outcome("Deployment shop/cart", true, ""),
            new Manifests.Outcome("CronJob shop/report", true, ""));
  }

  @Test
  void takesTheMarkAwayAgain() throws Manifests.NotYaml {
    String injected = Manifests.inject(STREAM).text();

    assertThat(Manifests.inject(injected).text()).as("again").isEqualTo(injected);
    assertThat(Manifests.uninject(injected).text()).isEqualTo(STREAM);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kind: Pod\nmetadata:\n  name: a\n  annotations:\n    x: y\n",
        "kind: Pod\nmetadata:\n  name: a\n  annotations:\n# low\n    x: y   # 𝄞 music\n\n",
        "kind: Pod\nmetadata: {name: 𝄞, annotations: {x: y}}\n",
        "kind: Pod\nmetadata: {name: a, annotations: {}}\n",
        "kind: Pod\r\nmetadata:\r\n  annotations:\r\n    x: y\r\n",
        "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\", \"annotations\": {\"x\": \"y\"}}}",
        "kind: List\nitems:\n- kind: Pod\n  metadata:\n    annotations: {x: y}\n",
        "kind: List\nitems:\n- metadata:\n    annotations:\n      x: y\n  kind: Pod\n",
      })
  void givesBackWhatItGot(String text) throws Manifests.NotYaml {
    Manifests.Result injected = Manifests.inject(text);

    assertThat(injected.outcomes()).allMatch(Manifests.Outcome::changed);
    assertThat(Pods.YAML.readTree(injected.text()).findValue("refmesh.io/inject").asString())
        .isEqualTo("enabled");
    Manifests.Result back = Manifests.uninject(injected.text());
    assertThat(back.text()).isEqualTo(text.replace(", annotations: {}", ""));
  }

  @Test
  void fillsAnnotationsThatAreEmpty() throws Manifests.NotYaml {
    assertThat(Manifests.inject("kind: Pod\nmetadata:\n  annotations:\n  name: a\n").text())
        .isEqualTo(
            "kind: Pod\n"
                + "metadata:\n"
                + "  annotations: {\"refmesh.io/inject\": \"enabled\"}\n"
                + "  name: a\n");
    assertThat(Manifests.inject("kind: Pod\nmetadata:\n  annotations: null\n").text())
        .isEqualTo("kind: Pod\nmetadata:\n  annotations: {\"refmesh.io/inject\": \"enabled\"}\n");
  }

  @Test
  void leavesAPodThatSaysNo() throws Manifests.NotYaml {
    String text = "kind: Pod\nmetadata: {annotations: {refmesh.io/inject: disabled}}\n";

    Manifests.Result result = Manifests.inject(text);

    assertThat(result.text()).isEqualTo(text);
    assertThat(result.outcomes().getFirst().reason())
        .isEqualTo("it says refmesh.io/inject: disabled");
  }

  @Test
  void saysWhatIsNoYaml() {
    assertThatThrownBy(() -> Manifests.inject("kind: [Pod\n"))
        .isInstanceOf(Manifests.NotYaml.class)
        .hasMessageContaining("expected: documents");
  }
}
