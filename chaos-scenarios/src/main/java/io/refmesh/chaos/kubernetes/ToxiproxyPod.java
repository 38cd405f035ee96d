package io.refmesh.chaos.kubernetes;

import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.mesh.Toxiproxy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Toxiproxy's own server, its image unchanged, in a pod of the harness's namespace. */
final class ToxiproxyPod implements AutoCloseable {

  private static final String NAME = "toxiproxy";
  private static final int API_PORT = 8474;
  private static final Duration READY_WITHIN = Duration.ofSeconds(60);
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);

  private final ClusterApi api;
  private final String namespace;

  private ToxiproxyPod(ClusterApi api, String namespace) {
    this.api = api;
    this.namespace = namespace;
  }

  /** Starts it; {@link #server} waits until it answers. */
  static ToxiproxyPod start(ClusterApi api, String namespace, String image)
      throws IOException, InterruptedException {
    ToxiproxyPod pod = new ToxiproxyPod(api, namespace);
    pod.close();
    for (long rounds = READY_WITHIN.dividedBy(LOOK_EVERY);
        rounds > 0 && api.get(pod.path()).isPresent();
        rounds--) {
      Thread.sleep(LOOK_EVERY);
    }
    api.apply(pod.path(), pod.manifest(image));
    return pod;
  }

  Toxiproxy server(HttpJson http) throws IOException, InterruptedException {
    String problem = "it has no address";
    for (long rounds = READY_WITHIN.dividedBy(LOOK_EVERY); rounds > 0; rounds--) {
      JsonNode status = api.require(path()).path("status");
      String address = status.path("podIP").asString("");
      if (!address.isEmpty()) {
        Toxiproxy server = new Toxiproxy(address, API_PORT, "0.0.0.0", http);
        try {
          server.version();
          return server;
        } catch (IOException e) {
          problem = String.valueOf(e.getMessage());
        }
      }
      Thread.sleep(LOOK_EVERY);
    }
    throw new IOException(
        "the pod "
            + namespace
            + "/"
            + NAME
            + " did not answer within "
            + READY_WITHIN.toSeconds()
            + " s: "
            + problem);
  }

  private String path() {
    return Kinds.path("v1", "Pod", namespace, NAME);
  }

  private Map<String, ?> manifest(String image) {
    return Map.of(
        "apiVersion",
        "v1",
        "kind",
        "Pod",
        "metadata",
        Map.of("name", NAME, "namespace", namespace, "labels", Map.of("app", NAME)),
        "spec",
        Map.of(
            "terminationGracePeriodSeconds",
            1,
            "containers",
            List.of(
                Map.of(
                    "name",
                    NAME,
                    "image",
                    image,
                    "imagePullPolicy",
                    "IfNotPresent",
                    "args",
                    List.of("-host=0.0.0.0")))));
  }

  @Override
  public void close() {
    try {
      api.delete(path(), Map.of("gracePeriodSeconds", 1));
    } catch (IOException e) {
      // It goes with the namespace of the harness.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
