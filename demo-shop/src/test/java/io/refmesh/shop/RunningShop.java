package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.shop.json.Json;
import io.refmesh.shop.record.ShopClock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/** A shop on free ports of the loopback address, with clients for both. */
final class RunningShop implements AutoCloseable {
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private final Shop shop;
  private boolean drained;

  private RunningShop(Shop shop) {
    this.shop = shop;
  }

  static RunningShop of(String role) throws Exception {
    return of(role, Map.of());
  }

  static RunningShop of(String role, Map<String, String> environment) throws Exception {
    Map<String, String> all = new HashMap<>(environment);
    all.putIfAbsent("PORT", "0");
    all.putIfAbsent("ADMIN_PORT", "0");
    return new RunningShop(Shop.start(Settings.of(List.of(role), all), ShopClock.system()));
  }

  static RunningShop behaving(String behaviour) throws Exception {
    return of("catalog", Map.of("BEHAVIOUR", behaviour));
  }

  int port() {
    return shop.address().getPort();
  }

  String url() {
    return "http://127.0.0.1:" + port();
  }

  Socket connect() throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), port());
  }

  HttpResponse<byte[]> get(String path, String... headers) throws Exception {
    return send(request(path).GET(), headers);
  }

  HttpResponse<byte[]> post(String path, byte[] body, String... headers) throws Exception {
    return send(request(path).POST(HttpRequest.BodyPublishers.ofByteArray(body)), headers);
  }

  /** Cancelling the future closes the connection. */
  CompletableFuture<HttpResponse<byte[]>> begin(String path) {
    return client.sendAsync(request(path).build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  HttpResponse<byte[]> admin(String method, String path, String body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + shop.adminAddress().getPort() + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build();
    return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
  }

  JsonNode admin(String path) throws Exception {
    HttpResponse<byte[]> answer = admin("GET", path, "");
    assertThat(answer.statusCode()).isEqualTo(200);
    return Json.tree(answer.body());
  }

  void behave(String behaviour) throws Exception {
    assertThat(admin("PUT", "/behaviour", behaviour).statusCode()).isEqualTo(200);
  }

  /** Asks for the record until it is as expected. */
  JsonNode record(Predicate<JsonNode> expected) throws Exception {
    JsonNode record = admin("/record");
    for (int tries = 0; tries < 500 && !expected.test(record); tries++) {
      Thread.sleep(Duration.ofMillis(5));
      record = admin("/record");
    }
    assertThat(expected.test(record)).as(record.toString()).isTrue();
    return record;
  }

  CompletableFuture<Void> beginDrain() {
    drained = true;
    return CompletableFuture.runAsync(() -> {
      try {
        shop.drain();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
  }

  @Override
  public void close() throws Exception {
    client.shutdownNow();
    if (!drained) {
      shop.drain();
    }
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url() + path)).timeout(Duration.ofSeconds(10));
  }

  private HttpResponse<byte[]> send(HttpRequest.Builder request, String... headers)
      throws Exception {
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }
}
