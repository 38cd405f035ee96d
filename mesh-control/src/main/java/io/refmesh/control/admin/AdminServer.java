package io.refmesh.control.admin;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.refmesh.model.discovery.HostPort;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;

/** {@code /live}, {@code /ready}, {@code /metrics} and {@code /state} over HTTP. */
public final class AdminServer implements AutoCloseable {

  private static final int BACKLOG = 64;
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final HttpServer server;
  private final ExecutorService executor;

  private AdminServer(HttpServer server, ExecutorService executor) {
    this.server = server;
    this.executor = executor;
  }

  /**
   * Binds and starts.
   *
   * @param notReady why the control plane cannot be used now; empty when it can
   */
  public static AdminServer start(
      HostPort address,
      Supplier<Optional<String>> notReady,
      Supplier<String> metrics,
      Callable<StateView> state)
      throws IOException {
    HttpServer server = HttpServer.create(address.toSocketAddress(), BACKLOG);
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    server.setExecutor(executor);
    server.createContext(
        "/",
        exchange -> answer(exchange, 404, TEXT, "expected: /live, /ready, /metrics or /state\n"));
    server.createContext(
        "/live", exchange -> exact(exchange, "/live", () -> answer(exchange, 200, TEXT, "live\n")));
    server.createContext(
        "/ready",
        exchange ->
            exact(
                exchange,
                "/ready",
                () -> {
                  Optional<String> reason = notReady.get();
                  answer(
                      exchange, reason.isEmpty() ? 200 : 503, TEXT, reason.orElse("ready") + "\n");
                }));
    server.createContext(
        "/metrics",
        exchange ->
            exact(exchange, "/metrics", () -> answer(exchange, 200, PROMETHEUS, metrics.get())));
    server.createContext(
        "/state",
        exchange ->
            exact(
                exchange,
                "/state",
                () -> {
                  String json;
                  try {
                    json = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(state.call());
                  } catch (Exception e) {
                    answer(exchange, 503, TEXT, "the state cannot be read now: " + e + "\n");
                    return;
                  }
                  answer(exchange, 200, "application/json", json + "\n");
                }));
    server.start();
    return new AdminServer(server, executor);
  }

  public InetSocketAddress address() {
    return server.getAddress();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }

  private interface Answer {
    void run() throws IOException;
  }

  // The server matches paths by their beginning.
  private static void exact(HttpExchange exchange, String path, Answer answer) throws IOException {
    if (!exchange.getRequestURI().getPath().equals(path)) {
      answer(exchange, 404, TEXT, "expected: /live, /ready, /metrics or /state\n");
    } else if (!exchange.getRequestMethod().equals("GET")) {
      exchange.getResponseHeaders().set("allow", "GET");
      answer(exchange, 405, TEXT, exchange.getRequestMethod() + " (expected: GET)\n");
    } else {
      answer.run();
    }
  }

  private static void answer(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    try (exchange) {
      byte[] body = text.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("content-type", type);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
