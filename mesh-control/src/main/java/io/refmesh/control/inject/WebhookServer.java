package io.refmesh.control.inject;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.refmesh.model.discovery.HostPort;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import tools.jackson.databind.JsonNode;

/**
 * {@code /inject} and {@code /validate} over HTTPS, for the API server. A request is a virtual
 * thread; how many there are at once, how large they are and how long they take is bounded, since
 * every pod of the cluster reaches the port.
 *
 * <p>A mistake of ours never stands in an object's way: it is let through with a warning, and
 * counted.
 */
public final class WebhookServer implements AutoCloseable {

  private static final Logger LOG = System.getLogger(WebhookServer.class.getName());

  /** Larger than any object that the API server takes, with its old version beside it. */
  static final int BODY_BYTES_MAX = 4 * 1024 * 1024;

  /** Together with the size of a body this bounds memory. */
  private static final int REQUESTS_MAX = 16;

  private static final int BACKLOG = 64;
  private static final String TEXT = "text/plain; charset=utf-8";

  private final HttpsServer server;
  private final ExecutorService executor;
  private final ScheduledExecutorService deadlines;
  private final Semaphore permits = new Semaphore(REQUESTS_MAX);
  private final long requestMillis;
  private final Map<String, Admission.Webhook> webhooks;
  private final AdmissionEvents events;

  /**
   * Binds and starts.
   *
   * @param tls stands for the newest certificate, whichever that is
   * @param settings what injected pods are told now
   */
  public static WebhookServer start(
      HostPort address,
      SSLContext tls,
      Supplier<InjectSettings> settings,
      Namespaces namespaces,
      AdmissionEvents events)
      throws IOException {
    return start(
        address,
        tls,
        Map.of(
            "/inject",
            new InjectWebhook(settings, namespaces, events),
            "/validate",
            new ValidateWebhook(events)),
        events,
        5_000);
  }

  /**
   * @param requestMillis in which a request must have come whole
   */
  static WebhookServer start(
      HostPort address,
      SSLContext tls,
      Map<String, Admission.Webhook> webhooks,
      AdmissionEvents events,
      long requestMillis)
      throws IOException {
    WebhookServer server =
        new WebhookServer(
            HttpsServer.create(address.toSocketAddress(), BACKLOG),
            webhooks,
            events,
            requestMillis);
    server.server.setHttpsConfigurator(new HttpsConfigurator(tls));
    server.server.setExecutor(server.executor);
    server.server.createContext("/", server::handle);
    server.server.start();
    return server;
  }

  private WebhookServer(
      HttpsServer server,
      Map<String, Admission.Webhook> webhooks,
      AdmissionEvents events,
      long requestMillis) {
    this.server = server;
    this.webhooks = Map.copyOf(webhooks);
    this.events = events;
    this.requestMillis = requestMillis;
    this.executor = Executors.newVirtualThreadPerTaskExecutor();
    this.deadlines =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("webhook-deadlines").factory());
  }

  public InetSocketAddress address() {
    return server.getAddress();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
    deadlines.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    Admission.Webhook webhook = webhooks.get(path);
    if (webhook == null) {
      answer(exchange, 404, TEXT, bytes("expected: /inject or /validate\n"));
    } else if (!exchange.getRequestMethod().equals("POST")) {
      exchange.getResponseHeaders().set("allow", "POST");
      answer(exchange, 405, TEXT, bytes(exchange.getRequestMethod() + " (expected: POST)\n"));
    } else if (!permits.tryAcquire()) {
      answer(exchange, 503, TEXT, bytes("more than " + REQUESTS_MAX + " requests at once\n"));
    } else {
      try {
        review(exchange, path, webhook);
      } finally {
        permits.release();
      }
    }
  }

  private void review(HttpExchange exchange, String path, Admission.Webhook webhook)
      throws IOException {
    // Who sends slowly holds a place: after a while the connection is cut.
    ScheduledFuture<?> deadline =
        deadlines.schedule(exchange::close, requestMillis, TimeUnit.MILLISECONDS);
    byte[] body;
    try {
      body = exchange.getRequestBody().readNBytes(BODY_BYTES_MAX + 1);
    } finally {
      deadline.cancel(false);
    }
    if (body.length > BODY_BYTES_MAX) {
      answer(
          exchange, 413, TEXT, bytes("expected: a body of at most " + BODY_BYTES_MAX + " bytes\n"));
      return;
    }
    JsonNode request;
    try {
      request = Admission.request(body);
    } catch (RuntimeException e) {
      answer(exchange, 400, TEXT, bytes(e.getMessage() + "\n"));
      return;
    }
    answer(
        exchange,
        200,
        "application/json",
        Admission.response(request, answered(path, webhook, request)));
  }

  @SuppressWarnings("CatchingUnchecked") // Whatever goes wrong here must not stop a pod.
  private Admission.Answer answered(String path, Admission.Webhook webhook, JsonNode request) {
    try {
      return webhook.answer(request);
    } catch (Exception e) {
      LOG.log(Level.ERROR, path + ": let through unread, " + Admission.subject(request), e);
      events.failed(path, e);
      return new Admission.Answer.Allowed(
          List.of("refmesh could not look at it and let it through: " + e));
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void answer(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("content-type", type);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
