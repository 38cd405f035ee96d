package io.refmesh.cli.check;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
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
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The API server that a kubeconfig names. */
public final class ApiServer implements Cluster, AutoCloseable {

  private static final int ANSWER_WITHIN_MILLIS = 10_000;
  private static final int NOT_FOUND = 404;
  private static final JsonMapper JSON = JsonMapper.shared();

  private final KubernetesClient client;

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
  public void close() {
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
