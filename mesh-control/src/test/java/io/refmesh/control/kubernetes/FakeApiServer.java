package io.refmesh.control.kubernetes;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Objects over HTTP as the API server keeps them: a name is given once, a write names the version
 * that it replaces. It knows neither schema nor admission. Thread-safe.
 */
final class FakeApiServer implements AutoCloseable {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final HttpServer server;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, ObjectNode> objects = new TreeMap<>();
  private final List<String> writes = new CopyOnWriteArrayList<>();
  private long version = 100;

  /** Answers every request with this code; 0 for ordinary answers. */
  volatile int fails;

  /** The path of an object of which every request is answered with 403. */
  volatile String forbidden = "";

  /** What a token review says; the argument is the review that was sent. */
  volatile Function<JsonNode, String> review = sent -> "{}";

  FakeApiServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(executor);
    server.createContext("/", this::answer);
    server.start();
  }

  KubernetesClient client() {
    return new KubernetesClientBuilder()
        .withConfig(
            new ConfigBuilder()
                .withAutoConfigure(false)
                .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                .withRequestTimeout(2_000)
                .withRequestRetryBackoffLimit(0)
                .build())
        .build();
  }

  /** Puts an object there, whatever was there; its version is a new one. */
  synchronized void put(String path, String json) {
    ObjectNode object = (ObjectNode) JSON.readTree(json);
    stamp(object);
    objects.put(path, object);
  }

  synchronized JsonNode at(String path) {
    return objects.getOrDefault(path, JSON.createObjectNode()).deepCopy();
  }

  synchronized void remove(String path) {
    objects.remove(path);
  }

  /** Objects below a path. */
  synchronized List<JsonNode> under(String path) {
    return objects.entrySet().stream()
        .filter(one -> one.getKey().startsWith(path + "/"))
        .map(one -> (JsonNode) one.getValue().deepCopy())
        .toList();
  }

  /** Method and path of everything that was written. */
  List<String> writes() {
    return writes;
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      String path = exchange.getRequestURI().getPath();
      if (fails != 0) {
        send(exchange, fails, status(fails));
        return;
      }
      if (path.equals(forbidden)) {
        send(exchange, 403, status(403));
        return;
      }
      switch (exchange.getRequestMethod()) {
        case "GET" -> get(exchange, path);
        case "POST" -> post(exchange, path, (ObjectNode) JSON.readTree(body));
        case "PUT" -> put(exchange, path, (ObjectNode) JSON.readTree(body));
        default -> send(exchange, 405, status(405));
      }
    }
  }

  private void get(HttpExchange exchange, String path) throws IOException {
    JsonNode found = at(path);
    send(exchange, found.isEmpty() ? 404 : 200, found.isEmpty() ? status(404) : found.toString());
  }

  private void post(HttpExchange exchange, String path, ObjectNode object) throws IOException {
    if (path.endsWith("/tokenreviews")) {
      send(exchange, 201, review.apply(object));
      return;
    }
    String name = path + "/" + object.path("metadata").path("name").asString();
    synchronized (this) {
      if (!objects.containsKey(name)) {
        writes.add("POST " + name);
        stamp(object);
        objects.put(name, object);
        send(exchange, 201, object.toString());
        return;
      }
    }
    send(exchange, 409, status(409));
  }

  private void put(HttpExchange exchange, String path, ObjectNode object) throws IOException {
    synchronized (this) {
      ObjectNode now = objects.get(path);
      if (now == null) {
        send(exchange, 404, status(404));
        return;
      }
      String replaced = object.path("metadata").path("resourceVersion").asString("");
      if (replaced.equals(now.path("metadata").path("resourceVersion").asString(""))) {
        writes.add("PUT " + path);
        stamp(object);
        objects.put(path, object);
        send(exchange, 200, object.toString());
        return;
      }
    }
    send(exchange, 409, status(409));
  }

  private void stamp(ObjectNode object) {
    ObjectNode metadata = (ObjectNode) object.path("metadata");
    metadata.put("resourceVersion", Long.toString(++version));
    metadata.put("uid", "uid-" + metadata.path("name").asString());
  }

  private static String status(int code) {
    return "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"fake\",\"code\":"
        + code
        + "}";
  }

  private static void send(HttpExchange exchange, int code, String json) throws IOException {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("content-type", "application/json");
    exchange.sendResponseHeaders(code, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
