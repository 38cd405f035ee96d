package io.refmesh.control.inject;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InjectMarksTest {

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
  void addsNothingButTheMark() throws InjectMarks.NotYaml {
    InjectMarks.Result result = InjectMarks.inject(STREAM);

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
            new InjectMarks.Outcome("Service shop/cart", false, "no workload"),
            new InjectMarks.Outcome("Deployment shop/cart", true, ""),
            new InjectMarks.Outcome("CronJob shop/report", true, ""));
  }

  @Test
  void takesTheMarkAwayAgain() throws InjectMarks.NotYaml {
    String injected = InjectMarks.inject(STREAM).text();

    assertThat(InjectMarks.inject(injected).text()).as("again").isEqualTo(injected);
    assertThat(InjectMarks.uninject(injected).text()).isEqualTo(STREAM);
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
        "kind: Namespace\nmetadata:\n  name: shop\n  annotations: {x: y}\n",
        "kind: List\nitems:\n- kind: Pod\n  metadata:\n    annotations: {x: y}\n",
        "kind: List\nitems:\n- metadata:\n    annotations:\n      x: y\n  kind: Pod\n",
      })
  void givesBackWhatItGot(String text) throws InjectMarks.NotYaml {
    InjectMarks.Result injected = InjectMarks.inject(text);

    assertThat(injected.outcomes()).allMatch(InjectMarks.Outcome::changed);
    assertThat(Pods.YAML.readTree(injected.text()).findValue("refmesh.io/inject").asString())
        .isEqualTo("enabled");
    InjectMarks.Result back = InjectMarks.uninject(injected.text());
    assertThat(back.text()).isEqualTo(text.replace(", annotations: {}", ""));
  }

  @Test
  void fillsAnnotationsThatAreEmpty() throws InjectMarks.NotYaml {
    assertThat(InjectMarks.inject("kind: Pod\nmetadata:\n  annotations:\n  name: a\n").text())
        .isEqualTo(
            "kind: Pod\n"
                + "metadata:\n"
                + "  annotations: {\"refmesh.io/inject\": \"enabled\"}\n"
                + "  name: a\n");
    assertThat(InjectMarks.inject("kind: Pod\nmetadata:\n  annotations: null\n").text())
        .isEqualTo("kind: Pod\nmetadata:\n  annotations: {\"refmesh.io/inject\": \"enabled\"}\n");
  }

  @Test
  void leavesAPodThatSaysNo() throws InjectMarks.NotYaml {
    String text = "kind: Pod\nmetadata: {annotations: {refmesh.io/inject: disabled}}\n";

    InjectMarks.Result result = InjectMarks.inject(text);

    assertThat(result.text()).isEqualTo(text);
    assertThat(result.outcomes().getFirst().reason())
        .isEqualTo("it says refmesh.io/inject: disabled");
  }

  @Test
  void takesALabelAwayToo() throws InjectMarks.NotYaml {
    assertThat(
            InjectMarks.uninject(
                    "kind: Namespace\n"
                        + "metadata: {name: a, labels: {refmesh.io/inject: enabled, b: c}}\n")
                .text())
        .isEqualTo("kind: Namespace\nmetadata: {name: a, labels: {b: c}}\n");
  }

  @Test
  void saysWhatIsNoYaml() {
    assertThatThrownBy(() -> InjectMarks.inject("kind: [Pod\n"))
        .isInstanceOf(InjectMarks.NotYaml.class)
        .hasMessageContaining("expected: documents");
  }
}
