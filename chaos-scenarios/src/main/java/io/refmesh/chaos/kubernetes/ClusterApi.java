package io.refmesh.chaos.kubernetes;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.logging.Logger;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Requests to the API server, JSON in and out. Fabric8 finds it (the service account of this pod,
 * or a kubeconfig), proves who we are and carries bytes. Blocking; safe on any thread.
 */
final class ClusterApi implements AutoCloseable {

  static final JsonMapper JSON = JsonMapper.builder().build();

  private static final int CONNECT_MILLIS = 5_000;
  private static final int ANSWER_MILLIS = 20_000;
  private static final int NOT_FOUND = 404;

  /** Fields of objects that this one wrote belong to it. */
  private static final String FIELD_MANAGER = "refmesh-e2e";

  /** Kept, since the settings of a logger that nobody holds are forgotten. */
  private static final Logger CLIENT_LOG = Logger.getLogger("io.fabric8.kubernetes.client");

  private final KubernetesClient client;
  private final HttpClient http;
  private final String server;

  ClusterApi() throws IOException {
    // It warns of every command in a container whose server closes first.
    CLIENT_LOG.setLevel(Level.OFF);
    try {
      Config config = new ConfigBuilder(Config.autoConfigure(null)).build();
      config.setConnectionTimeout(CONNECT_MILLIS);
      config.setRequestTimeout(ANSWER_MILLIS);
      client = new KubernetesClientBuilder().withConfig(config).build();
    } catch (RuntimeException e) {
      throw new IOException("no cluster can be reached: " + e.getMessage(), e);
    }
    http = client.getHttpClient();
    String url = client.getMasterUrl().toString();
    server = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
  }

  /** For streams: exec, and watching pods. */
  KubernetesClient fabric8() {
    return client;
  }

  /** The object or list at a path; empty when there is none. */
  Optional<JsonNode> get(String path) throws IOException, InterruptedException {
    return ask("GET", path, http.newHttpRequestBuilder().uri(server + path).build());
  }

  /** As {@link #get}, of something that has to be there. */
  JsonNode require(String path) throws IOException, InterruptedException {
    return get(path).orElseThrow(() -> new IOException("GET " + path + ": there is none"));
  }

  /** Server-side apply: makes the object, or changes those of its fields that we own. */
  JsonNode apply(String path, Object object) throws IOException, InterruptedException {
    return send(
        "PATCH",
        path + "?force=true&fieldManager=" + FIELD_MANAGER,
        "application/apply-patch+yaml",
        object);
  }

  JsonNode merge(String path, Object patch) throws IOException, InterruptedException {
    return send("PATCH", path, "application/merge-patch+json", patch);
  }

  /** Deletes an object, or all of a collection; nothing when there is none. */
  void delete(String path, Map<String, ?> options) throws IOException, InterruptedException {
    ask(
        "DELETE",
        path,
        http.newHttpRequestBuilder()
            .uri(server + path)
            .method("DELETE", "application/json", JSON.writeValueAsString(options))
            .build());
  }

  private JsonNode send(String method, String path, String type, Object body)
      throws IOException, InterruptedException {
    return ask(
            method,
            path,
            http.newHttpRequestBuilder()
                .uri(server + path)
                .method(
                    method,
                    type,
                    body instanceof String text ? text : JSON.writeValueAsString(body))
                .build())
        .orElseThrow(
            () -> new IOException(method + " " + path + ": there is no such kind or object"));
  }

  private Optional<JsonNode> ask(String method, String path, HttpRequest request)
      throws IOException, InterruptedException {
    String what = method + " " + path;
    try {
      HttpResponse<String> response =
          http.sendAsync(request, String.class).get(ANSWER_MILLIS, TimeUnit.MILLISECONDS);
      if (response.code() == NOT_FOUND) {
        return Optional.empty();
      }
      if (!response.isSuccessful()) {
        throw new IOException(what + " answered " + response.code() + ": " + said(response.body()));
      }
      return Optional.of(JSON.readTree(response.body()));
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException(what + ": " + cause, e);
    } catch (TimeoutException e) {
      throw new IOException(what + ": no answer within " + ANSWER_MILLIS / 1_000 + " s", e);
    } catch (JacksonException e) {
      throw new IOException(what + ": the answer is not JSON (expected: an API server)", e);
    }
  }

  private static String said(String body) {
    try {
      return JSON.readTree(body).path("message").asString(body);
    } catch (JacksonException e) {
      return body;
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
