package io.refmesh.local;

import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * Makes the AOT caches of a checkout: runs the smallest whole mesh, one workload that calls itself
 * through its sidecar, sends it some requests, and lets every program write down what it had
 * loaded. Part of the build; a mesh works without it, only slower to start.
 */
public final class AotTraining {

  /** Writing a cache takes seconds at the end of a process. */
  private static final Duration END_WITHIN = Duration.ofMinutes(2);

  private static final Duration READY_WITHIN = Duration.ofMinutes(2);
  private static final int REQUESTS = 200;

  private static final String MESH =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: catalog, namespace: shop}
      spec: {selector: {app: catalog}, ports: [{name: http, port: 8080, appProtocol: http}]}
      ---
      apiVersion: refmesh.io/v1alpha1
      kind: ResiliencePolicy
      metadata: {name: catalog, namespace: shop}
      spec:
        targetRefs: [{kind: Service, name: catalog}]
        timeouts: {request: 5s}
        retry: {attempts: 1, on: [5xx]}
      ---
      apiVersion: refmesh.io/v1alpha1
      kind: Workload
      metadata: {name: catalog, namespace: shop, labels: {app: catalog}}
      spec:
        command: [java, -XX:+UseSerialGC, -XX:TieredStopAtLevel=1, -Xmx256m, -jar, demo-shop/target/demo-shop.jar, catalog]
        serviceAccount: catalog
        ports: [{name: http, port: 8080, appProtocol: http}]
        readiness: {httpGet: {path: /ready, port: 8080}}
      """;

  private AotTraining() {}

  /**
   * Writes {@code <module>.aot} beside the jars of proxy, control plane and shop.
   *
   * @param work a folder that may be filled; the caller removes it
   */
  public static void run(RefmeshHome home, Path work, Progress progress)
      throws IOException, InterruptedException {
    Path folder = Files.createDirectories(work.resolve("mesh"));
    Files.writeString(folder.resolve("mesh.yaml"), MESH);
    LocalMeshOptions options =
        new LocalMeshOptions(
            folder,
            work.resolve("state"),
            home.recording(),
            Map.of("REFMESH_DRAIN_ANNOUNCE", "0s"),
            END_WITHIN);
    try (LocalMesh mesh = LocalMesh.start(options, Progress.SILENT)) {
      mesh.awaitReady(READY_WITHIN);
      String address = mesh.addressOf("shop/catalog-0", "shop/catalog");
      try (HttpClient client =
          HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
        for (int i = 1; i <= REQUESTS; i++) {
          send(
              client,
              HttpRequest.newBuilder(URI.create("http://" + address + ":8080/items/" + i)).build());
          send(
              client,
              HttpRequest.newBuilder(URI.create("http://" + address + ":8080/effects"))
                  .header("x-request-id", "training-" + i)
                  .POST(
                      HttpRequest.BodyPublishers.ofByteArray(
                          "effect".getBytes(StandardCharsets.US_ASCII)))
                  .build());
        }
        String admin = mesh.running().getFirst().admin();
        send(client, HttpRequest.newBuilder(URI.create(admin + "/metrics")).build());
        send(client, HttpRequest.newBuilder(URI.create(admin + "/config")).build());
      }
    }
    for (String module : new String[] {"mesh-proxy", "mesh-control", "demo-shop"}) {
      Path cache = home.jar(module).resolveSibling(module + ".aot");
      progress.say(
          Files.isRegularFile(cache)
              ? "made "
                  + home.directory().relativize(cache)
                  + " ("
                  + Files.size(cache) / (1 << 20)
                  + " MiB)"
              : module + " made no AOT cache: it starts without one");
    }
  }

  private static void send(HttpClient client, HttpRequest request)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() >= 400) {
      throw new IOException(
          request.uri() + " answered " + answer.statusCode() + ": " + answer.body());
    }
  }
}
