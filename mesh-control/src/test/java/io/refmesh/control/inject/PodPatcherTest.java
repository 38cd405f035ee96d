package io.refmesh.control.inject;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class PodPatcherTest {

  private static final Path FOLDER = Path.of("src/test/resources/golden/inject");

  private static final PodPatcher PATCHER = new PodPatcher(Pods.SETTINGS);

  private static final String PLAIN =
      """
      metadata: {name: cart}
      spec: {containers: [{name: app, image: cart, ports: [{containerPort: 8080}]}]}
      """;

  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".in.yaml")).sorted().toList();
    }
  }

  /** Each file holds a Namespace and a Pod; beside it is what becomes of the pod. */
  @ParameterizedTest
  @MethodSource("files")
  void givesEachPodWhatItsAnnotationsSay(Path file) throws IOException {
    List<JsonNode> documents =
        Pods.YAML.readerFor(JsonNode.class).<JsonNode>readValues(Files.readString(file)).readAll();
    ObjectNode pod = (ObjectNode) documents.get(1);
    ObjectNode before = pod.deepCopy();

    String told =
        switch (PATCHER.patch(pod, Pods.namespace(documents.get(0)))) {
          case Injection.Patched patched ->
              Pods.YAML.writeValueAsString(Pods.applied(pod, patched.patch()));
          case Injection.Skipped skipped ->
              "skipped: " + skipped.reason().text() + ": " + skipped.message() + "\n";
          case Injection.Refused refused ->
              "refused:\n" + String.join("\n", refused.problems()) + "\n";
        };

    assertThat(pod).as("the pod that was handed in").isEqualTo(before);
    Golden.assertMatches(Path.of(file.toString().replace(".in.yaml", ".out.yaml")), told);
  }

  @Test
  void changesNothingASecondTime() {
    ObjectNode pod = Pods.pod(PLAIN);

    ObjectNode injected = injected(pod, Pods.SHOP);

    assertThat(PATCHER.patch(injected, Pods.SHOP))
        .isInstanceOfSatisfying(
            Injection.Skipped.class,
            skipped -> assertThat(skipped.reason()).isEqualTo(Injection.Reason.ALREADY_INJECTED));
  }

  @Test
  void looksAgainAtProbesWhenAnotherWebhookAddedAContainer() {
    ObjectNode injected = injected(Pods.pod(PLAIN), Pods.SHOP);
    injected
        .withArray("/spec/containers")
        .addObject()
        .put("name", "agent")
        .withObject("/readinessProbe/httpGet")
        .put("port", 9000)
        .put("path", "/ok");

    ObjectNode again = injected(injected, Pods.SHOP);

    assertThat(again.at("/metadata/annotations/refmesh.io~1probes").asString())
        .isEqualTo("9000/ok");
    assertThat(again.path("spec")).isEqualTo(injected.path("spec"));
    assertThat(reason(again, Pods.SHOP)).isEqualTo(Injection.Reason.ALREADY_INJECTED);
  }

  @Test
  void makesThePatchOfAdditionsAlone() {
    Injection.Patched patched = (Injection.Patched) PATCHER.patch(Pods.pod(PLAIN), Pods.SHOP);

    assertThat(patched.patch().valueStream().map(operation -> operation.path("op").asString("")))
        .containsOnly("add");
    assertThat(patched.patch().valueStream().map(operation -> operation.path("path").asString("")))
        .startsWith("/metadata/annotations", "/metadata/annotations/refmesh.io~1injected");
  }

  @Test
  void takesTheWordOfThePodOverThatOfItsNamespace() {
    ObjectNode out =
        Pods.pod(
            PLAIN.replace("name: cart}", "name: cart, labels: {refmesh.io/inject: disabled}}"));
    ObjectNode in =
        Pods.pod(
            PLAIN.replace("name: cart}", "name: cart, annotations: {refmesh.io/inject: enabled}}"));
    PodNamespace disabled =
        new PodNamespace("shop", Map.of(), Map.of("refmesh.io/inject", "disabled"));

    assertThat(reason(out, Pods.SHOP)).isEqualTo(Injection.Reason.DISABLED);
    assertThat(PATCHER.patch(in, disabled)).isInstanceOf(Injection.Patched.class);
    assertThat(reason(Pods.pod(PLAIN), disabled)).isEqualTo(Injection.Reason.DISABLED);
  }

  @Test
  void leavesPodsAloneThatNobodyWantedInTheMesh() {
    PodNamespace silent = new PodNamespace("shop", Map.of(), Map.of());
    PodNamespace mistyped = new PodNamespace("shop", Map.of("refmesh.io/inject", "true"), Map.of());
    PodNamespace system =
        new PodNamespace("kube-system", Map.of("refmesh.io/inject", "enabled"), Map.of());

    assertThat(reason(Pods.pod(PLAIN), silent)).isEqualTo(Injection.Reason.NOT_ENABLED);
    assertThat(reason(Pods.pod(PLAIN), mistyped))
        .isEqualTo(Injection.Reason.INVALID_NAMESPACE_SETTING);
    assertThat(reason(Pods.pod(PLAIN), system)).isEqualTo(Injection.Reason.SYSTEM_NAMESPACE);
  }

  @Test
  void givesASidecarWithACpuLimitAsManyLoopsAsItHasUseFor() {
    assertThat(setting(Map.of(), "REFMESH_EVENT_LOOPS")).isEqualTo("2");
    assertThat(setting(Map.of("refmesh.io/proxy-cpu-limit", "500m"), "REFMESH_EVENT_LOOPS"))
        .isEqualTo("1");
    assertThat(setting(Map.of("refmesh.io/proxy-cpu-limit", "2.5"), "REFMESH_EVENT_LOOPS"))
        .isEqualTo("3");
  }

  private static String setting(Map<String, String> annotations, String name) {
    ObjectNode pod =
        injected(Pods.pod(PLAIN), new PodNamespace("shop", Pods.SHOP.labels(), annotations));
    return pod.at("/spec/initContainers/1/env")
        .valueStream()
        .filter(env -> env.path("name").asString("").equals(name))
        .findFirst()
        .orElseThrow()
        .path("value")
        .asString();
  }

  private static ObjectNode injected(ObjectNode pod, PodNamespace namespace) {
    return Pods.applied(pod, ((Injection.Patched) PATCHER.patch(pod, namespace)).patch());
  }

  private static Injection.Reason reason(ObjectNode pod, PodNamespace namespace) {
    return ((Injection.Skipped) PATCHER.patch(pod, namespace)).reason();
  }
}
