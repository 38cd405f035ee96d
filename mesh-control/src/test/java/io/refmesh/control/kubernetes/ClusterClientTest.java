package io.refmesh.control.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.refmesh.control.registry.Registry;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What is asked of an API server and how its answers are read, over a real socket. */
class ClusterClientTest {

  private static final Kind.Served PODS = new Kind.Served(Kind.POD, "v1");

  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  @TempDir Path folder;
  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private HttpServer server;
  private ClusterClient client;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
          Answer answer = answers.get(exchange.getRequestURI().getPath());
          try (exchange) {
            if (answer == null) {
              answer(exchange, 404, "{\"kind\":\"Status\",\"message\":\"not found\",\"code\":404}");
            } else {
              answer.to(exchange);
            }
          }
        });
    server.start();
    client =
        ClusterClient.open(new ClusterAccess.Kubeconfig(kubeconfig(server.getAddress().getPort())));
  }

  @AfterEach
  void stop() {
    client.close();
    server.stop(0);
    threads.shutdownNow();
  }

  @Test
  void listsPageByPage() throws Exception {
    json(
        "/api/v1/pods",
        200,
        "{metadata: {resourceVersion: '7', continue: 'a b'}, items: [{metadata: {name: one}}]}");

    ClusterApi.Page page = client.list(PODS, "");
    assertThat(page.resourceVersion()).isEqualTo("7");
    assertThat(page.objects()).hasSize(1);
    client.list(PODS, page.next());
    assertThat(asked)
        .containsExactly("GET /api/v1/pods?limit=500", "GET /api/v1/pods?limit=500&continue=a+b");
  }

  @Test
  void findsTheKindsThatAreThereInTheVersionThatItReads() throws Exception {
    json("/apis/refmesh.io", 200, "{versions: [{version: v1alpha1}]}");
    json(
        "/apis/refmesh.io/v1alpha1", 200, "{resources: [{name: detours}, {name: detours/status}]}");
    json("/apis/gateway.networking.k8s.io", 200, "{versions: [{version: v1beta1}, {version: v1}]}");
    json(
        "/apis/gateway.networking.k8s.io/v1",
        200,
        "{resources: [{name: gateways}, {name: httproutes}]}");
    json("/apis/gateway.networking.k8s.io/v1beta1", 200, "{resources: [{name: httproutes}]}");

    assertThat(client.served())
        .filteredOn(kind -> !kind.kind().builtIn())
        .containsExactlyInAnyOrder(
            new Kind.Served(Kind.HTTP_ROUTE, "v1"), new Kind.Served(Kind.DETOUR, "v1alpha1"));
  }

  @Test
  void readsAWatchLineByLineHoweverTheBytesCome() throws Exception {
    answers.put(
        "/api/v1/pods",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          byte[] bytes =
              "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"ä\"}}}\n{\"type\":\"BOOKMARK\",\"object\":{}}\n"
                  .getBytes(StandardCharsets.UTF_8);
          try (OutputStream out = exchange.getResponseBody()) {
            for (byte one : bytes) {
              out.write(one);
              out.flush();
            }
          }
        });

    watch().ended().get(5, TimeUnit.SECONDS);
    assertThat(events).containsExactly("opened", "ADDED ä", "BOOKMARK ");
    assertThat(asked.element())
        .contains("watch=true&allowWatchBookmarks=true", "resourceVersion=7");
  }

  @Test
  void aWatchThatTheServerForgotEndsAsGone() {
    answers.put(
        "/api/v1/pods",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange
              .getResponseBody()
              .write(
                  "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}\n"
                      .getBytes(StandardCharsets.UTF_8));
        });
    assertThat(failureOf(watch()).gone()).isTrue();

    json("/api/v1/pods", 410, "{message: too old, code: 410}");
    assertThat(failureOf(watch()).gone()).isTrue();
    assertThat(events).containsExactly("opened");
  }

  @Test
  void aRefusalNamesVerbAndResource() {
    json("/api/v1/pods", 403, "{message: 'pods is forbidden: User \"x\" cannot list', code: 403}");

    assertThatThrownBy(() -> client.list(PODS, ""))
        .isInstanceOf(ApiFailure.class)
        .hasMessage(
            "may not list pods: pods is forbidden: User \"x\" cannot list (expected: a ClusterRole"
                + " with the verb list on pods, as mesh install prints it)");
    assertThat(failureOf(watch())).hasMessageStartingWith("may not watch pods: pods is forbidden");
  }

  @Test
  void credentialsThatTheServerDoesNotKnowAreSaidToBeThat() {
    json("/api/v1/pods", 401, "{message: Unauthorized, code: 401}");

    assertThatThrownBy(() -> client.list(PODS, ""))
        .hasMessageContaining("does not accept our credentials: Unauthorized (expected: a token");
  }

  @Test
  void aServerThatIsAwayIsNamed() throws Exception {
    int port = server.getAddress().getPort();
    server.stop(0);

    assertThatThrownBy(() -> client.list(PODS, ""))
        .isInstanceOf(ApiFailure.class)
        .hasMessageContaining("http://127.0.0.1:" + port + ": ")
        .hasMessageContaining("(expected: an API server that answers");
    assertThat(failureOf(watch())).hasMessageContaining("(expected: an API server that answers");
  }

  @Test
  void patchesTheStatusAlone() throws Exception {
    answers.put(
        "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/cart/status",
        exchange -> {
          events.add(
              exchange.getRequestHeaders().getFirst("content-type")
                  + " "
                  + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          answer(exchange, 200, "{}");
        });

    client.patchStatus(
        new Kind.Served(Kind.HTTP_ROUTE, "v1"),
        "shop",
        "cart",
        Manifests.of("{status: {parents: []}}"));
    assertThat(asked.element()).startsWith("PATCH ");
    assertThat(events)
        .containsExactly("application/merge-patch+json {\"status\":{\"parents\":[]}}");
  }

  @Test
  void aKubeconfigThatIsNoneIsRefusedByName() throws Exception {
    Path none = Files.writeString(folder.resolve("none"), "kind: Config\n");

    assertThatThrownBy(() -> ClusterClient.open(new ClusterAccess.Kubeconfig(none)))
        .isInstanceOf(Registry.Unavailable.class)
        .hasMessageContaining("KUBECONFIG: " + none)
        .hasMessageContaining("(expected: a kubeconfig whose current context");
  }

  private ClusterApi.Watching watch() {
    return client.watch(
        PODS,
        "7",
        new ClusterApi.Events() {
          @Override
          public void opened() {
            events.add("opened");
          }

          @Override
          public void event(String type, JsonNode object) {
            events.add(type + " " + object.path("metadata").path("name").asString(""));
          }
        });
  }

  private static ApiFailure failureOf(ClusterApi.Watching watching) {
    try {
      watching.ended().get(5, TimeUnit.SECONDS);
      throw new AssertionError("ended well");
    } catch (ExecutionException e) {
      assertThat(e.getCause()).isInstanceOf(ApiFailure.class);
      return (ApiFailure) e.getCause();
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  private void json(String path, int status, String yaml) {
    answers.put(path, exchange -> answer(exchange, status, Manifests.of(yaml).toString()));
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  private Path kubeconfig(int port) throws IOException {
    return Files.writeString(
        folder.resolve("kubeconfig"),
        """
        apiVersion: v1
        kind: Config
        current-context: test
        contexts: [{name: test, context: {cluster: test, user: test}}]
        clusters: [{name: test, cluster: {server: "http://127.0.0.1:%d"}}]
        users: [{name: test, user: {token: secret}}]
        """
            .formatted(port));
  }
}
