package io.refmesh.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.refmesh.chaos.run.Time;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class HarnessPodTest {

  private HttpServer server;
  private KubernetesClient client;
  private volatile String status = "{}";

  @BeforeEach
  void open() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/api/v1/namespaces/refmesh-e2e/pods/harness",
        exchange -> {
          byte[] pod =
              ("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"harness\"},\"status\":"
                      + status
                      + "}")
                  .getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().add("content-type", "application/json");
          exchange.sendResponseHeaders(200, pod.length);
          exchange.getResponseBody().write(pod);
          exchange.close();
        });
    server.start();
    client =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder()
                    .withAutoConfigure(false)
                    .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                    .withRequestRetryBackoffLimit(0)
                    .build())
            .build();
  }

  @AfterEach
  void close() {
    client.close();
    server.stop(0);
  }

  /** Time that passes only while somebody waits. */
  private static final class Waited implements Time {
    private Instant now = Instant.EPOCH;

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public void sleep(Duration time) {
      now = now.plus(time);
    }
  }

  @Test
  void aHarnessThatDoesNotStartIsToldWithWhatItWaitsFor() {
    status =
        """
        {"phase":"Pending","containerStatuses":[{"name":"harness","state":{"waiting":
        {"reason":"ErrImagePull","message":"refmesh/e2e:1: not found"}}}]}\
        """;
    Waited time = new Waited();

    assertThatThrownBy(() -> new HarnessPod(client, time).awaitStart())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not ready within 120 s: ErrImagePull, refmesh/e2e:1: not found")
        .hasMessageContaining("expected: nodes that have the images");
    assertThat(time.now).isEqualTo(Instant.ofEpochSecond(120));
  }

  @Test
  void aPodThatFindsNoNodeIsToldInTheSchedulersWords() {
    status =
        """
        {"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False",
        "message":"0/1 nodes are available: 1 Insufficient memory."}]}\
        """;

    assertThatThrownBy(() -> new HarnessPod(client, new Waited()).awaitStart())
        .hasMessageContaining("1 Insufficient memory.");
  }

  @Test
  void whatTheHarnessEndedWithIsKnownFromThePod() throws Exception {
    status =
        """
        {"containerStatuses":[{"name":"keeper","state":{"running":{}}},
        {"name":"harness","state":{"terminated":{"exitCode":3}}}]}\
        """;

    assertThat(new HarnessPod(client, new Waited()).awaitEnd(Duration.ofSeconds(1))).isTrue();
    assertThat(HarnessPod.ended(Serialization.unmarshal("{\"status\":" + status + "}", Pod.class)))
        .contains(3);
  }

  @Test
  void aHarnessThatGoesOnIsNotWaitedForLongerThanSaid() throws Exception {
    status = "{\"containerStatuses\":[{\"name\":\"harness\",\"state\":{\"running\":{}}}]}";

    assertThat(new HarnessPod(client, new Waited()).awaitEnd(Duration.ofSeconds(5))).isFalse();
  }

  @Test
  void aPodThatSomebodyDeletedIsTold() {
    assertThatThrownBy(() -> HarnessPod.ended(null))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("deleted while it ran");
  }

  @Test
  void theManifestIsFilledInForThisRun() throws Exception {
    List<HasMetadata> manifests =
        new Installation(client)
            .read(Files.readString(Path.of("..", "kind-config", "e2e", "harness.yaml")));

    HarnessPod.fillIn(
        manifests,
        "me",
        "refmesh/e2e:1",
        List.of("e2e", "--out", "/out"),
        List.of(new HarnessPod.Variable("REFMESH_E2E_VERSION", "1")));

    assertThat(manifests.getFirst()).isInstanceOf(Namespace.class);
    assertThat(manifests.getFirst().getMetadata().getLabels())
        .containsEntry(HarnessPod.OWNER, "me");
    Pod pod = (Pod) manifests.getLast();
    assertThat(pod.getSpec().getContainers())
        .allMatch(container -> container.getImage().equals("refmesh/e2e:1"));
    assertThat(pod.getSpec().getContainers().getFirst().getArgs())
        .containsExactly("e2e", "--out", "/out");
    assertThat(pod.getSpec().getContainers().getFirst().getEnv())
        .extracting("name")
        .contains("MESH_ENV", "REFMESH_E2E_ENVIRONMENT", "REFMESH_E2E_VERSION");
  }
}
