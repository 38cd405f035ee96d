package io.refmesh.proxy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.refmesh.model.discovery.HostPort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An HTTP/1 application on an address of its own that answers as the test says and remembers what
 * it saw.
 */
final class TestApplication implements AutoCloseable {

  /** Answers one request. */
  interface Behaviour {
    void answer(HttpExchange exchange) throws IOException;
  }

  /** What the application saw of one request. */
  record Seen(
      String method,
      String path,
      String protocol,
      String clientCert,
      String tryNumber,
      byte[] body) {}

  final List<Seen> seen = new CopyOnWriteArrayList<>();
  final AtomicInteger requests = new AtomicInteger();
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private volatile Behaviour behaviour = TestApplication::echo;

  TestApplication() {
    try {
      server = HttpServer.create(new InetSocketAddress(TestMesh.address(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  HostPort address() {
    return new HostPort(
        server.getAddress().getAddress().getHostAddress(), server.getAddress().getPort());
  }

  void behave(Behaviour newBehaviour) {
    behaviour = newBehaviour;
  }

  /** Answers with this status and no body. */
  static Behaviour status(int status) {
    return exchange -> {
      exchange.getRequestBody().readAllBytes();
      exchange.sendResponseHeaders(status, -1);
      exchange.close();
    };
  }

  private void handle(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    behaviour.answer(exchange);
  }

  private static void echo(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    exchange.getResponseHeaders().add("x-path", exchange.getRequestURI().toString());
    exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  /** Echoes and remembers. */
  void remember() {
    behave(exchange -> {
      byte[] body = exchange.getRequestBody().readAllBytes();
      seen.add(
          new Seen(
              exchange.getRequestMethod(),
              exchange.getRequestURI().toString(),
              exchange.getProtocol(),
              String.valueOf(exchange.getRequestHeaders().getFirst("x-forwarded-client-cert")),
              String.valueOf(exchange.getRequestHeaders().getFirst("x-mesh-try")),
              body));
      exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
