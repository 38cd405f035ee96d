package io.refmesh.control.inject;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The CustomResourceDefinitions on a real API server: what it takes, and what it refuses. */
@Tag("kind")
class SchemasKindTest {

  private static final String CRDS = "../kind-config/crds";
  private static final String NAMESPACE = "refmesh-schemas-" + ProcessHandle.current().pid();
  private static final List<String> MADE = new ArrayList<>();

  private record Said(int code, String text) {}

  @BeforeAll
  static void prepare() throws IOException, InterruptedException {
    assumeTrue(
        System.getenv("KUBECONFIG") != null,
        "needs a cluster: KUBECONFIG, such as of `kind create cluster`");
    Said there;
    try {
      there = kubectl("", "get", "namespaces", "-o", "name");
    } catch (IOException e) {
      assumeTrue(false, "needs kubectl: " + e.getMessage());
      throw e;
    }
    assertThat(there.code()).as(there.text()).isZero();
    for (String namespace : List.of(NAMESPACE, "refmesh-system")) {
      if (!there.text().contains("namespace/" + namespace + "\n")) {
        run("create", "namespace", namespace);
        MADE.add("namespace/" + namespace);
      }
    }
    if (!kubectl("", "get", "crd", "-o", "name").text().contains("meshconfigs.refmesh.io")) {
      run("create", "-f", CRDS);
      MADE.add("-f=" + CRDS);
      run("wait", "--for=condition=Established", "-f", CRDS);
    }
  }

  @AfterAll
  static void remove() throws IOException, InterruptedException {
    for (String made : MADE) {
      kubectl("", "delete", "--wait=false", made);
    }
  }

  @Test
  void anApiServerTakesTheDefinitions() throws IOException, InterruptedException {
    Said said = kubectl("", "apply", "--dry-run=server", "-f", CRDS);

    assertThat(said.code()).as(said.text()).isZero();
    assertThat(said.text()).doesNotContain("Warning: unrecognized");
  }

  @Test
  void theSchemaCatchesWhatItIsSaidToCatch() throws IOException, InterruptedException {
    SoftAssertions all = new SoftAssertions();
    for (SchemaObjects each : SchemaObjects.read(NAMESPACE)) {
      Said said = kubectl(each.object().toString(), "create", "--dry-run=server", "-f", "-");
      boolean byWebhook = said.text().contains("admission webhook");
      switch (each.caught()) {
        case "nobody" -> all.assertThat(said.code()).as(each.object() + said.text()).isZero();
        case "schema" -> {
          all.assertThat(said.code()).as(each.object() + " was taken").isNotZero();
          all.assertThat(byWebhook).as(each.object() + said.text()).isFalse();
        }
        // With a control plane on the cluster its webhook refuses; the schema alone does not.
        default ->
            all.assertThat(said.code() == 0 || byWebhook).as(each.object() + said.text()).isTrue();
      }
    }
    all.assertAll();
  }

  private static void run(String... arguments) throws IOException, InterruptedException {
    Said said = kubectl("", arguments);
    assertThat(said.code()).as(Arrays.toString(arguments) + ": " + said.text()).isZero();
  }

  private static Said kubectl(String input, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("kubectl", "--request-timeout=30s"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .directory(Path.of("").toAbsolutePath().toFile())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Said(process.waitFor(), text);
  }
}
