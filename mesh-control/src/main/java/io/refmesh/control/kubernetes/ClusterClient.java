package io.refmesh.control.kubernetes;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.refmesh.control.registry.Registry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.StreamSupport;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The connection to an API server. Fabric8 finds it, proves who we are and carries bytes; what is
 * asked and how answers are read is said here.
 */
public final class ClusterClient implements ClusterApi {

  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(20);
  private static final int PAGE = 500;

  /** The server ends a watch after this; the next begins where it was. */
  private static final Duration WATCH = Duration.ofMinutes(5);

  static final JsonMapper JSON = JsonMapper.builder().build();

  private final KubernetesClient client;
  private final HttpClient http;
  private final String server;

  private ClusterClient(KubernetesClient client) {
    this.client = client;
    http = client.getHttpClient();
    String url = client.getMasterUrl().toString();
    server = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
  }

  /** Reads how to connect; does not connect yet. */
  public static ClusterClient open(ClusterAccess access) throws Registry.Unavailable {
    Config config =
        switch (access) {
          case ClusterAccess.Kubeconfig(Path file) -> of(file);
          case ClusterAccess.InCluster(String host, int port, Path account) ->
              new ConfigBuilder(Config.empty())
                  .withMasterUrl(
                      "https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port)
                  .withCaCertFile(account.resolve("ca.crt").toString())
                  // Read each time: the kubelet renews it.
                  .withOauthTokenProvider(() -> token(account.resolve("token")))
                  .build();
        };
    config.setConnectionTimeout((int) CONNECT.toMillis());
    config.setRequestTimeout((int) ANSWER.toMillis());
    // Who asks decides whether to ask again.
    config.setRequestRetryBackoffLimit(0);
    return new ClusterClient(new KubernetesClientBuilder().withConfig(config).build());
  }

  /** For what is asked through Fabric8's own words. */
  KubernetesClient fabric8() {
    return client;
  }

  @Override
  public List<Kind.Served> served() throws ApiFailure, InterruptedException {
    List<Kind.Served> served = new ArrayList<>();
    List<String> groups = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      if (kind.builtIn()) {
        served.add(new Kind.Served(kind, kind.versions().getFirst()));
      } else if (!groups.contains(kind.group())) {
        groups.add(kind.group());
      }
    }
    for (String group : groups) {
      served.addAll(served(group));
    }
    return served;
  }

  private List<Kind.Served> served(String group) throws ApiFailure, InterruptedException {
    JsonNode versions;
    try {
      versions = get("/apis/" + group, "get", "the API group " + group);
    } catch (ApiFailure e) {
      if (e.notFound()) {
        return List.of();
      }
      throw e;
    }
    List<Kind.Served> found = new ArrayList<>();
    for (JsonNode version : versions.path("versions")) {
      String name = version.path("version").asString("");
      for (JsonNode resource :
          get("/apis/" + group + "/" + name, "get", "the API group " + group).path("resources")) {
        for (Kind kind : Kind.values()) {
          if (kind.group().equals(group)
              && kind.plural().equals(resource.path("name").asString(""))
              && kind.versions().contains(name)) {
            found.add(new Kind.Served(kind, name));
          }
        }
      }
    }
    // Of several versions the one that we would rather have.
    List<Kind.Served> best = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      kind.versions().stream()
          .map(version -> new Kind.Served(kind, version))
          .filter(found::contains)
          .findFirst()
          .ifPresent(best::add);
    }
    return best;
  }

  @Override
  public Page list(Kind.Served kind, String next) throws ApiFailure, InterruptedException {
    JsonNode list =
        get(
            kind.path()
                + "?limit="
                + PAGE
                + (next.isEmpty()
                    ? ""
                    : "&continue=" + URLEncoder.encode(next, StandardCharsets.UTF_8)),
            "list",
            kind.kind().resource());
    JsonNode metadata = list.path("metadata");
    return new Page(
        StreamSupport.stream(list.path("items").spliterator(), false).toList(),
        metadata.path("resourceVersion").asString(""),
        metadata.path("continue").asString(""));
  }

  @Override
  public JsonNode get(Kind.Served kind, String name) throws ApiFailure, InterruptedException {
    return get(
        kind.path() + "/" + URLEncoder.encode(name, StandardCharsets.UTF_8),
        "get",
        kind.kind().resource());
  }

  @Override
  public Watching watch(Kind.Served kind, String resourceVersion, Events events) {
    HttpRequest request =
        http.newHttpRequestBuilder()
            .uri(
                server
                    + kind.path()
                    + "?watch=true&allowWatchBookmarks=true&timeoutSeconds="
                    + WATCH.toSeconds()
                    + "&resourceVersion="
                    + URLEncoder.encode(resourceVersion, StandardCharsets.UTF_8))
            .forStreaming()
            .build();
    return WatchStream.start(
        http,
        request,
        events,
        new WatchStream.Failures() {
          @Override
          public ApiFailure refused(int status, String body) {
            return failure(status, body, "watch", kind.kind().resource());
          }

          @Override
          public ApiFailure unanswered(Throwable cause) {
            return ClusterClient.this.unanswered(cause);
          }
        });
  }

  @Override
  public void patchStatus(Kind.Served kind, String namespace, String name, JsonNode patch)
      throws ApiFailure, InterruptedException {
    ask(
        http.newHttpRequestBuilder()
            .uri(server + kind.path(namespace, name) + "/status")
            .method("PATCH", "application/merge-patch+json", patch.toString())
            .build(),
        "patch",
        kind.kind().plural() + "/status" + "." + kind.kind().group());
  }

  @Override
  public void close() {
    client.close();
  }

  private JsonNode get(String path, String verb, String resource)
      throws ApiFailure, InterruptedException {
    return ask(http.newHttpRequestBuilder().uri(server + path).build(), verb, resource);
  }

  private JsonNode ask(HttpRequest request, String verb, String resource)
      throws ApiFailure, InterruptedException {
    try {
      HttpResponse<String> response =
          http.sendAsync(request, String.class).get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
      if (!response.isSuccessful()) {
        throw failure(response.code(), response.body(), verb, resource);
      }
      return JSON.readTree(response.body());
    } catch (ExecutionException e) {
      throw unanswered(e.getCause() == null ? e : e.getCause());
    } catch (TimeoutException e) {
      throw new ApiFailure(
          0,
          server + ": no answer within " + ANSWER.toSeconds() + " s (expected: an API server)",
          e);
    } catch (JacksonException e) {
      throw new ApiFailure(0, server + ": the answer is not JSON (expected: an API server)", e);
    }
  }

  private ApiFailure unanswered(Throwable cause) {
    String what = "";
    for (Throwable reason = cause; reason != null; reason = reason.getCause()) {
      if (reason instanceof ConnectException && reason.getMessage() == null) {
        // The JDK's client keeps silent about why.
        what = "cannot connect";
        break;
      }
      what = Optional.ofNullable(reason.getMessage()).orElse(reason.getClass().getSimpleName());
    }
    return new ApiFailure(
        0,
        server
            + ": "
            + what
            + " (expected: an API server that answers; does the cluster run, and is it this one?)",
        cause);
  }

  private ApiFailure failure(int status, String body, String verb, String resource) {
    String said = body;
    try {
      said = JSON.readTree(body).path("message").asString(body);
    } catch (JacksonException e) {
      // Not the API server's: said as it is.
    }
    String shortened = said.length() <= 500 ? said.strip() : said.substring(0, 500) + "…";
    return new ApiFailure(
        status,
        switch (status) {
          case 401 ->
              server
                  + " does not accept our credentials: "
                  + shortened
                  + " (expected: a token or certificate of this cluster that has not expired)";
          case 403 ->
              "may not "
                  + verb
                  + " "
                  + resource
                  + ": "
                  + shortened
                  + " (expected: a ClusterRole with the verb "
                  + verb
                  + " on "
                  + resource
                  + ", as mesh install prints it)";
          default -> verb + " " + resource + ": " + status + " " + shortened;
        });
  }

  private static Config of(Path kubeconfig) throws Registry.Unavailable {
    String expected = " (expected: a kubeconfig whose current context names a cluster and a user)";
    try {
      Config config = Config.fromKubeconfig(kubeconfig.toFile());
      if (config.getCurrentContext() == null) {
        throw new Registry.Unavailable(
            "KUBECONFIG: " + kubeconfig + " has no current context" + expected);
      }
      return config;
    } catch (RuntimeException e) {
      Throwable reason = e.getCause() == null ? e : e.getCause();
      throw new Registry.Unavailable(
          "KUBECONFIG: "
              + kubeconfig
              + " cannot be read: "
              + String.valueOf(reason.getMessage()).lines().findFirst().orElse("")
              + expected,
          e);
    }
  }

  private static String token(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
