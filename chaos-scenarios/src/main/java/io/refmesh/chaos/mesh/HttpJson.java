package io.refmesh.chaos.mesh;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Asks admin ports, JSON in and out. Blocking; an answer of 400 or above is an error with what was
 * said.
 */
public final class HttpJson implements AutoCloseable {

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();

  public JsonNode get(String url) throws IOException, InterruptedException {
    return send("GET", url, "");
  }

  public JsonNode send(String method, String url, Object body)
      throws IOException, InterruptedException {
    String text = body instanceof String given ? given : JSON.writeValueAsString(body);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url))
            .timeout(ANSWER_WITHIN)
            .header("content-type", "application/json")
            .method(
                method, text.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(text))
            .build();
    HttpResponse<String> response;
    try {
      response = http.send(request, BodyHandlers.ofString());
    } catch (IOException e) {
      String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      throw new IOException(method + " " + url + ": " + reason, e);
    }
    if (response.statusCode() >= 400) {
      throw new IOException(
          method
              + " "
              + url
              + " answered "
              + response.statusCode()
              + ": "
              + response.body().strip());
    }
    return response.body().isBlank() ? JSON.createObjectNode() : JSON.readTree(response.body());
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
