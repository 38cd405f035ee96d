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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Objects over HTTP as the API server keeps them: a name is given once, a write names the version
 * that it replaces; collections that it was told of can be listed and watched. It knows neither
 * schema nor admission, and forgets nothing while it runs: a watch begins with what changed after
 * the version it names. Thread-safe.
 */
public final class FakeApiServer implements AutoCloseable {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final HttpServer server;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, ObjectNode> objects = new TreeMap<>();
  private final List<String> writes = new CopyOnWriteArrayList<>();
  private final Set<String> collections = new CopyOnWriteArraySet<>();
  private final List<Watcher> watchers = new ArrayList<>();
  private long version = 100;

  /** One open watch of a collection, such as {@code /api/v1/pods}. */
  private record Watcher(String collection, BlockingQueue<String> events) {}

  /** Answers every request with this code; 0 for ordinary answers. */
  volatile int fails;

  /** The path of an object of which every request is answered with 403. */
  volatile String forbidden = "";

  /** What a token review says; the argument is the review that was sent. */
  public volatile Function<JsonNode, String> review = sent -> "{}";

  public FakeApiServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(executor);
    server.createContext("/", this::answer);
    server.start();
  }

  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** From now on {@code path} can be listed and watched: over all namespaces. */
  public void serve(String path) {
    collections.add(path);
  }

  KubernetesClient client() {
    return new KubernetesClientBuilder()
        .withConfig(
            new ConfigBuilder()
                .withAutoConfigure(false)
                .withMasterUrl(url())
                .withRequestTimeout(2_000)
                .withRequestRetryBackoffLimit(0)
                .build())
        .build();
  }

  /** Puts an object there, whatever was there; its version is a new one. */
  public synchronized void put(String path, String json) {
    ObjectNode object = (ObjectNode) JSON.readTree(json);
    stamp(object);
    boolean known = objects.put(path, object) != null;
    for (Watcher watcher : watchers) {
      if (isIn(path, watcher.collection())) {
        watcher.events().add(event(known ? "MODIFIED" : "ADDED", object));
      }
    }
  }

  private static String event(String type, ObjectNode object) {
    return "{\"type\":\"" + type + "\",\"object\":" + object + "}\n";
  }

  /** {@code /api/v1/namespaces/shop/pods/cart} is in {@code /api/v1/pods}. */
  private static boolean isIn(String path, String collection) {
    int slash = collection.lastIndexOf('/');
    String version = collection.substring(0, slash);
    if (!path.startsWith(version + "/")) {
      return false;
    }
    String[] rest = path.substring(version.length() + 1).split("/", -1);
    String kind = collection.substring(slash + 1);
    return rest.length == 2 && rest[0].equals(kind)
        || rest.length == 4 && rest[0].equals("namespaces") && rest[2].equals(kind);
  }

  public synchronized JsonNode at(String path) {
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
    if (collections.contains(path)) {
      Map<String, String> query = query(exchange);
      if (query.containsKey("watch")) {
        watch(exchange, path, Long.parseLong(query.getOrDefault("resourceVersion", "0")));
      } else {
        list(exchange, path, query);
      }
      return;
    }
    JsonNode found = at(path);
    send(exchange, found.isEmpty() ? 404 : 200, found.isEmpty() ? status(404) : found.toString());
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> query = new TreeMap<>();
    String text = exchange.getRequestURI().getQuery();
    for (String one : text == null ? new String[0] : text.split("&", -1)) {
      query.put(one.replaceFirst("=.*", ""), one.replaceFirst("[^=]*=?", ""));
    }
    return query;
  }

  /** In pages: {@code continue} is the last name that was told. */
  private void list(HttpExchange exchange, String collection, Map<String, String> query)
      throws IOException {
    int limit = Integer.parseInt(query.getOrDefault("limit", "1000000"));
    String after = query.getOrDefault("continue", "");
    StringBuilder items = new StringBuilder();
    String next = "";
    String last = "";
    long now;
    synchronized (this) {
      now = version;
      int told = 0;
      for (Map.Entry<String, ObjectNode> one : objects.entrySet()) {
        if (!isIn(one.getKey(), collection) || one.getKey().compareTo(after) <= 0) {
          continue;
        }
        if (told++ == limit) {
          next = last;
          break;
        }
        items.append(items.isEmpty() ? "" : ",").append(one.getValue());
        last = one.getKey();
      }
    }
    send(
        exchange,
        200,
        "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\""
            + now
            + "\",\"continue\":\""
            + next
            + "\"},\"items\":["
            + items
            + "]}");
  }

  private void watch(HttpExchange exchange, String collection, long since) throws IOException {
    Watcher watcher = new Watcher(collection, new LinkedBlockingQueue<>());
    synchronized (this) {
      objects.forEach((path, object) -> {
        if (isIn(path, collection)
            && object.path("metadata").path("resourceVersion").asLong(0) > since) {
          watcher.events().add(event("MODIFIED", object));
        }
      });
      watchers.add(watcher);
    }
    exchange.getResponseHeaders().set("content-type", "application/json");
    exchange.sendResponseHeaders(200, 0);
    exchange.getResponseBody().flush();
    try {
      while (true) {
        String next = watcher.events().take();
        exchange.getResponseBody().write(next.getBytes(StandardCharsets.UTF_8));
        if (watcher.events().isEmpty()) {
          exchange.getResponseBody().flush();
        }
      }
    } catch (InterruptedException e) {
      // The server ends.
      Thread.currentThread().interrupt();
    } finally {
      synchronized (this) {
        watchers.remove(watcher);
      }
    }
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
