package io.refmesh.local;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A mesh of real processes for a test: caller {@code shop/web} and two replicas of {@code
 * shop/cart}, against the jars of this checkout. Not run where those are not built.
 */
final class RealMesh implements AutoCloseable {

  static final String WEB = "shop/web-0";
  static final List<String> CARTS = List.of("shop/cart-0", "shop/cart-1");

  private static final Path HOME =
      Path.of(System.getProperty("refmesh.home", "..")).toAbsolutePath().normalize();

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);

  private static final String WORKLOAD =
      """
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: %1$s, namespace: shop}
      spec:
        selector: {app: %1$s}
        ports: [{name: http, port: 8080, appProtocol: http}]
      ---
      apiVersion: refmesh.io/v1alpha1
      kind: Workload
      metadata: {name: %1$s, namespace: shop, labels: {app: %1$s}}
      spec:
        command: [java, -XX:+UseSerialGC, "-XX:TieredStopAtLevel=1", -Xmx32m, -cp, "%3$s", %4$s]
        serviceAccount: %1$s
        replicas: %2$d
        ports: [{name: http, port: 8080, appProtocol: http}]
        readiness: {httpGet: {path: /, port: 8080}}
      """;

  final LocalMesh mesh;

  private RealMesh(LocalMesh mesh) {
    this.mesh = mesh;
  }

  /**
   * Starts it and waits until everything is ready.
   *
   * @param folder empty
   * @param more YAML beside the workloads
   */
  static RealMesh start(Path folder, String more) throws IOException, InterruptedException {
    jar("mesh-proxy");
    jar("mesh-control");
    Path yaml = Files.createDirectory(folder.resolve("mesh"));
    Files.writeString(yaml.resolve("shop.yaml"), workload("web", 1) + workload("cart", 2) + more);
    RefmeshHome home =
        new RefmeshHome(HOME, Path.of(System.getProperty("java.home"), "bin", "java"), false);
    LocalMesh mesh =
        LocalMesh.start(LocalMeshOptions.of(yaml, folder.resolve("state"), home), Progress.SILENT);
    try {
      mesh.awaitReady();
    } catch (IOException | InterruptedException | RuntimeException e) {
      mesh.close();
      throw e;
    }
    return new RealMesh(mesh);
  }

  /** The jar of a module of this checkout; the test is not run without it. */
  static Path jar(String module) {
    Path jar = HOME.resolve(module).resolve("target").resolve(module + ".jar");
    assumeTrue(Files.isRegularFile(jar), jar + " is not there; `make build` makes it");
    return jar;
  }

  private static String workload(String name, int replicas) {
    String classes =
        Path.of(
                HelloApplication.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .getPath())
            .toString();
    return WORKLOAD.formatted(name, replicas, classes, HelloApplication.class.getName());
  }

  /** Where the application of an instance calls a service. */
  String url(String instance, String service) {
    return "http://" + mesh.addressOf(instance, service) + ":" + HelloApplication.PORT + "/";
  }

  /** Calls over a connection of its own; the answer's status. */
  static int status(String url) throws IOException {
    URI uri = URI.create(url);
    try (Socket socket = new Socket(uri.getHost(), uri.getPort())) {
      socket.setSoTimeout((int) ANSWER_WITHIN.toMillis());
      socket
          .getOutputStream()
          .write(
              ("GET / HTTP/1.1\r\nHost: " + uri.getHost() + "\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      String head =
          new String(
              socket.getInputStream().readNBytes("HTTP/1.1 200".length()),
              StandardCharsets.US_ASCII);
      return Integer.parseInt(head.substring(head.indexOf(' ') + 1));
    }
  }

  RunningInstance instance(String name) {
    return mesh.running().stream().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
  }

  @Override
  public void close() throws IOException {
    mesh.close();
  }
}
