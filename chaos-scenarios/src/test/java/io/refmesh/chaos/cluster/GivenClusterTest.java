package io.refmesh.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GivenClusterTest {

  private static final String KUBECONFIG =
      """
      apiVersion: v1
      kind: Config
      clusters:
      - name: one
        cluster:
          server: https://one-control-plane:6443
      contexts:
      - name: one
        context: {cluster: one, user: admin}
      current-context: one
      users:
      - name: admin
        user: {token: secret}
      """;

  @TempDir private Path folder;
  private final FakeEngine engine = new FakeEngine();

  @Test
  void aKindClusterIsReachedAtTheAddressThatItsNodePublishes() throws Exception {
    node("one", "control-plane");
    node("one", "worker");
    node("one", "external-load-balancer");
    node("two", "control-plane");
    engine.programs.put("cat /etc/kubernetes/admin.conf", new Engine.Said(0, KUBECONFIG));

    GivenCluster cluster = GivenCluster.ofKind(engine, "one");

    assertThat(cluster.config().getMasterUrl()).startsWith("https://127.0.0.1:6444");
    assertThat(cluster.nodes())
        .extracting(Engine.Container::name)
        .containsExactly("one-control-plane", "one-worker");
    assertThat(cluster.own()).isFalse();
  }

  @Test
  void aKindClusterThatThereIsNotIsRefusedWithThoseThatThereAre() {
    node("dev", "control-plane");

    assertThatThrownBy(() -> GivenCluster.ofKind(engine, "one"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("there is no kind cluster one (expected: dev)")
        .hasMessageContaining("kind create cluster --name one");
  }

  @Test
  void aKubeconfigThatIsNotThereIsRefused() {
    assertThatThrownBy(() -> GivenCluster.ofKubeconfig(folder.resolve("none")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("there is no kubeconfig")
        .hasMessageContaining("--kubeconfig");
  }

  @Test
  void aKubeconfigThatPointsNowhereIsRefusedWithTheAddress() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("kubeconfig"),
            // The port of tcpmux: nobody listens there.
            KUBECONFIG.replace("one-control-plane:6443", "127.0.0.1:1"));
    StringWriter said = new StringWriter();

    assertThatThrownBy(() ->
            ClusterE2e.run(
                new ClusterOptions(
                    folder,
                    List.of(),
                    Optional.empty(),
                    folder.resolve("out"),
                    Optional.empty(),
                    Optional.of(file),
                    1,
                    "1",
                    "",
                    ""),
                config -> List.of(),
                new PrintWriter(said)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the API server at https://127.0.0.1:1/ does not answer")
        .hasMessageContaining("expected: a cluster that runs");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  private void node(String cluster, String role) {
    engine.containers.add(
        FakeEngine.container(
            cluster + "-" + role,
            Map.of("io.x-k8s.kind.cluster", cluster, "io.x-k8s.kind.role", role)));
  }
}
