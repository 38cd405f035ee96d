package io.refmesh.cli.check;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.LocalPortForward;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The API server that a kubeconfig names. */
public final class ApiServer implements ChangingCluster, AutoCloseable {

  private static final int ANSWER_WITHIN_MILLIS = 10_000;
  private static final int OK = 200;
  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;
  private static final JsonMapper JSON = JsonMapper.shared();

  // Held, for its level would be forgotten with it. What matters comes as an exception.
  private static final Logger FORWARDS = Logger.getLogger("io.fabric8.kubernetes.client");

  static {
    // A forward that the far end has closed first, as a pod does that ends.
    FORWARDS.setLevel(Level.SEVERE);
  }

  private final KubernetesClient client;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofMillis(ANSWER_WITHIN_MILLIS)).build();

  /** Of KUBECONFIG, or of the file that kubectl reads without it. */
  public static ApiServer of(Optional<String> context) throws IOException {
    List<Path> files = kubeconfigs();
    if (files.stream().noneMatch(Files::isRegularFile)) {
      throw new IOException(
          "there is no kubeconfig: "
              + files.stream().map(Path::toString).collect(Collectors.joining(", "))
              + " (expected: KUBECONFIG, or ~/.kube/config, names a cluster)");
    }
    Config config;
    try {
      config = Config.autoConfigure(context.orElse(null));
    } catch (KubernetesClientException e) {
      throw new IOException("the kubeconfig cannot be used: " + e.getMessage(), e);
    }
    // A context that is not there would silently be another one.
    if (context.isPresent()
        && (config.getCurrentContext() == null
            || !context.get().equals(config.getCurrentContext().getName()))) {
      throw new IOException(
          "--context: "
              + context.get()
              + " is not in the kubeconfig (expected: one that `kubectl config get-contexts`"
              + " shows)");
    }
    return of(config);
  }

  public static ApiServer of(Config config) {
    config.setConnectionTimeout(ANSWER_WITHIN_MILLIS);
    config.setRequestTimeout(ANSWER_WITHIN_MILLIS);
    config.setRequestRetryBackoffLimit(0);
    return new ApiServer(new KubernetesClientBuilder().withConfig(config).build());
  }

  private ApiServer(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public Optional<JsonNode> get(String path) throws IOException {
    try {
      String answer = client.raw(path);
      return answer == null ? Optional.empty() : Optional.of(JSON.readTree(answer));
    } catch (KubernetesClientException e) {
      if (e.getCode() == NOT_FOUND) {
        return Optional.empty();
      }
      throw failed(path, e);
    }
  }

  @Override
  public boolean may(String verb, String group, String resource, String namespace)
      throws IOException {
    String path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    Map<String, Object> review =
        Map.of(
            "apiVersion",
            "authorization.k8s.io/v1",
            "kind",
            "SelfSubjectAccessReview",
            "spec",
            Map.of(
                "resourceAttributes",
                Map.of(
                    "verb", verb, "group", group, "resource", resource, "namespace", namespace)));
    try {
      String answer = client.raw(path, "POST", review);
      return answer != null
          && JSON.readTree(answer).path("status").path("allowed").asBoolean(false);
    } catch (KubernetesClientException e) {
      throw failed(path, e);
    }
  }

  @Override
  public Instant time() throws IOException {
    try {
      HttpResponse<String> answer =
          client
              .getHttpClient()
              .sendAsync(
                  client
                      .getHttpClient()
                      .newHttpRequestBuilder()
                      .uri(client.getMasterUrl() + "version")
                      .build(),
                  String.class)
              .get(ANSWER_WITHIN_MILLIS, TimeUnit.MILLISECONDS);
      return ZonedDateTime.parse(
              String.valueOf(answer.header("date")), DateTimeFormatter.RFC_1123_DATE_TIME)
          .toInstant();
    } catch (ExecutionException | TimeoutException | DateTimeException e) {
      throw new IOException("the API server did not tell its time: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public Written create(String path, JsonNode object) throws IOException {
    return write(path, "POST", object);
  }

  @Override
  public Written replace(String path, JsonNode object) throws IOException {
    return write(path, "PUT", object);
  }

  @Override
  public Written delete(String path) throws IOException {
    return write(path, "DELETE", null);
  }

  private Written write(String path, String method, @Nullable JsonNode object) throws IOException {
    try {
      // Fabric8's own mapper would not know our tree.
      String answer = client.raw(path, method, object == null ? null : object.toString());
      // What is not there is no exception to it.
      return answer == null ? Written.OVERTAKEN : Written.DONE;
    } catch (KubernetesClientException e) {
      if (e.getCode() == NOT_FOUND || e.getCode() == CONFLICT) {
        return Written.OVERTAKEN;
      }
      // Never the exception's own message: it may repeat what was sent, and with it a key.
      throw new IOException(
          "the API server at "
              + client.getMasterUrl()
              + " answered "
              + (e.getCode() > 0 ? e.getCode() : "nothing")
              + " to "
              + method
              + " "
              + path);
    }
  }

  @Override
  public String ask(String namespace, String pod, int port, String path) throws IOException {
    try (LocalPortForward forward =
        client.pods().inNamespace(namespace).withName(pod).portForward(port)) {
      java.net.http.HttpResponse<String> answer =
          http.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + forward.getLocalPort() + path))
                  .timeout(Duration.ofMillis(ANSWER_WITHIN_MILLIS))
                  .build(),
              BodyHandlers.ofString());
      if (answer.statusCode() != OK) {
        throw new IOException(path + " answered " + answer.statusCode());
      }
      return answer.body();
    } catch (KubernetesClientException e) {
      throw failed("a port of " + namespace + "/" + pod, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (IOException e) {
      throw new IOException(
          "its port " + port + " does not answer as it should (" + e.getMessage() + ")", e);
    }
  }

  @Override
  public void close() {
    http.close();
    client.close();
  }

  private static List<Path> kubeconfigs() {
    String variable = System.getenv().getOrDefault("KUBECONFIG", "");
    return variable.isEmpty()
        ? List.of(Path.of(System.getProperty("user.home"), ".kube", "config"))
        : Arrays.stream(variable.split(File.pathSeparator, -1)).map(Path::of).toList();
  }

  private IOException failed(String path, KubernetesClientException e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String reason =
        cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return new IOException(
        "the API server at "
            + client.getMasterUrl()
            + " does not answer "
            + path
            + ": "
            + reason
            + " (expected: a cluster that KUBECONFIG or ~/.kube/config names)",
        e);
  }
}
