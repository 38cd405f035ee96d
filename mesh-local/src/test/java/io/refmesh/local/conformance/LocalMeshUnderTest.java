package io.refmesh.local.conformance;

import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.refmesh.local.LocalMesh;
import io.refmesh.local.LocalMeshOptions;
import io.refmesh.local.Progress;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A mesh of processes on this machine. A call goes to the address that the caller's sidecar has for
 * the service, as every process of the workload would call it.
 */
final class LocalMeshUnderTest implements MeshUnderTest {

  private static final int MILLIS = 10_000;

  private final Path folder;
  private final LocalMesh mesh;
  private final HttpClient admin = HttpClient.newHttpClient();

  private LocalMeshUnderTest(Path folder, LocalMesh mesh) {
    this.folder = folder;
    this.mesh = mesh;
  }

  /**
   * @param home a built checkout
   * @param scratch an empty folder
   */
  static MeshUnderTest start(Path home, Path scratch) throws IOException, InterruptedException {
    Path folder = Files.createDirectory(scratch.resolve("mesh"));
    Files.writeString(
        folder.resolve("base.yaml"),
        workload(NAMESPACE, "echo-v1")
            + workload(NAMESPACE, "echo-v2")
            + workload(CONSUMERS, "echo-v1")
            + service("echo-v1", "version: echo-v1")
            + service("echo-v2", "version: echo-v2")
            + service("echo", "app: echo")
            + service("nobody", "app: nobody"));
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    LocalMesh mesh =
        LocalMesh.start(
            LocalMeshOptions.of(
                folder, scratch.resolve("state"), new RefmeshHome(home, java, false)),
            Progress.SILENT);
    try {
      mesh.awaitReady();
    } catch (IOException | InterruptedException | RuntimeException e) {
      mesh.close();
      throw e;
    }
    return new LocalMeshUnderTest(folder, mesh);
  }

  private static String workload(String namespace, String name) {
    return """
    apiVersion: refmesh.io/v1alpha1
    kind: Workload
    metadata: {name: %2$s, namespace: %1$s, labels: {app: echo, version: %2$s}}
    spec:
      command: [java, -XX:+UseSerialGC, "-XX:TieredStopAtLevel=1", -Xmx64m, -cp, "%3$s", %4$s, %2$s, %1$s, "8080", "7070"]
      serviceAccount: %2$s
      ports: [{name: http, port: 8080, appProtocol: http}, {name: grpc, port: 7070, appProtocol: kubernetes.io/h2c}]
      readiness: {httpGet: {path: /, port: 8080}}
    ---
    """
        .formatted(namespace, name, System.getProperty("java.class.path"), Echo.class.getName());
  }

  private static String service(String name, String selector) {
    return """
    apiVersion: v1
    kind: Service
    metadata: {name: %s, namespace: mesh}
    spec:
      selector: {%s}
      ports:
      - {name: http, port: 8000, targetPort: 8080, appProtocol: http}
      - {name: http-alt, port: 8080, appProtocol: http}
      - {name: grpc, port: 7070, appProtocol: kubernetes.io/h2c}
    ---
    """
        .formatted(name, selector);
  }

  @Override
  public void apply(String yaml) throws IOException {
    // Written beside the folder: the watcher must not see a half.
    Path next = folder.resolveSibling("routes.next");
    Files.writeString(next, yaml);
    Files.move(
        next,
        folder.resolve("routes.yaml"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public Answer call(Call call) throws IOException {
    String address =
        call.to().startsWith("@")
            ? inbound(call.to().substring(1))
            : mesh.addressOf(call.from() + "-0", call.to());
    return call.grpc() ? grpc(call, address) : http(call, address);
  }

  @Override
  public Map<String, String> conditions(String kind, String route) throws IOException {
    JsonNode state;
    try {
      state =
          JsonMapper.shared()
              .readTree(
                  admin
                      .send(
                          HttpRequest.newBuilder(URI.create(mesh.controlPlaneAdmin() + "/state"))
                              .build(),
                          HttpResponse.BodyHandlers.ofString())
                      .body());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
    Map<String, String> parents = new TreeMap<>();
    for (JsonNode status : state.path("routes")) {
      if (status.path("kind").asString("").equals(kind)
          && route.equals(NAMESPACE + "/" + status.path("name").asString(""))) {
        for (JsonNode parent : status.path("parents")) {
          int port = parent.path("port").asInt(0);
          parents.put(
              parent.path("service").asString("") + (port == 0 ? "" : ":" + port),
              StreamSupport.stream(parent.path("conditions").spliterator(), false)
                  .map(condition ->
                      condition.path("type").asString("")
                          + "="
                          + condition.path("status").asString("")
                          + " "
                          + condition.path("reason").asString(""))
                  .collect(Collectors.joining(", ")));
        }
      }
    }
    return parents;
  }

  @Override
  public void close() throws IOException {
    admin.close();
    mesh.close();
  }

  private String inbound(String workload) {
    return mesh.running().stream()
        .filter(instance -> instance.name().equals(workload + "-0"))
        .findFirst()
        .orElseThrow()
        .inbound();
  }

  private static Answer http(Call call, String address) throws IOException {
    StringBuilder head = new StringBuilder();
    head.append("GET ").append(call.path()).append(" HTTP/1.1\r\n");
    head.append("Host: ").append(call.authority()).append("\r\nConnection: close\r\n");
    call.headers()
        .forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    byte[] answer;
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address, call.port()), MILLIS);
      socket.setSoTimeout(MILLIS);
      socket
          .getOutputStream()
          .write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
      answer = socket.getInputStream().readAllBytes();
    }
    String text = new String(answer, StandardCharsets.UTF_8);
    int end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      throw new IOException("no answer, but \"" + text + "\"");
    }
    String[] lines = text.substring(0, end).split("\r\n", -1);
    return new Answer(
        Integer.parseInt(lines[0].substring(9, 12)),
        Answer.joined(java.util.Arrays.asList(lines).subList(1, lines.length)),
        text.substring(end + 4));
  }

  private static Answer grpc(Call call, String address) throws IOException {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(new InetSocketAddress(address, call.port()))
            .usePlaintext()
            .overrideAuthority(call.authority())
            .build();
    Metadata headers = new Metadata();
    call.headers()
        .forEach((name, value) ->
            headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value));
    try {
      String lines =
          ClientCalls.blockingUnaryCall(
              ClientInterceptors.intercept(
                  channel, MetadataUtils.newAttachHeadersInterceptor(headers)),
              Echo.CALL,
              io.grpc.CallOptions.DEFAULT.withDeadlineAfter(MILLIS, TimeUnit.MILLISECONDS),
              "");
      return new Answer(200, Map.of(), lines);
    } catch (StatusRuntimeException e) {
      throw new IOException(e.getMessage(), e);
    } finally {
      channel.shutdownNow();
    }
  }
}
