package io.refmesh.shop.serve;

import io.netty.handler.codec.http.HttpHeaders;
import io.refmesh.shop.record.ShopClock;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Another HTTP service of the shop, called over HTTP/1.1; blocks its caller, which interrupts to
 * cancel.
 */
public final class Service {
  /** Above every timeout that the mesh would be tried with, so that the mesh's is the one seen. */
  static final Duration TIMEOUT = Duration.ofSeconds(60);

  static final int ANSWER_BYTES_MAX = 1 << 20;

  /** Passed on as they came in; the rest ends here. */
  private static final List<String> PASSED_ON =
      List.of(
          "x-request-id", "traceparent", "tracestate", "baggage", "x-user", "x-tenant", "x-test");

  private static final Map<String, String> FACTS =
      Map.of(
          "instance", "x-shop-instance",
          "version", "x-shop-version",
          "zone", "x-shop-zone",
          "caller", "x-shop-caller",
          "try", "x-shop-try",
          "meshError", "x-mesh-error");

  private final String name;
  private final URI base;
  private final HttpClient client;
  private final CallCounts counts;
  private final ShopClock clock;

  public Service(String name, URI base, HttpClient client, CallCounts counts, ShopClock clock) {
    this.name = name;
    this.base = base;
    this.client = client;
    this.counts = counts;
    this.clock = clock;
  }

  CallResult call(String method, String path, Ask onBehalfOf) throws InterruptedException {
    long start = clock.nanos().getAsLong();
    HttpRequest request = request(method, path, onBehalfOf);
    counts.started(name);
    try {
      HttpResponse<byte[]> response =
          client.send(
              request,
              HttpResponse.BodyHandlers.limiting(
                  HttpResponse.BodyHandlers.ofByteArray(), ANSWER_BYTES_MAX));
      counts.answered(name, response.statusCode());
      return result(response.statusCode(), facts(response), response.body(), start, null);
    } catch (IOException e) {
      counts.failed(name);
      return result(0, Map.of(), new byte[0], start, base + ": " + reason(e));
    } catch (InterruptedException e) {
      counts.failed(name);
      throw e;
    }
  }

  private HttpRequest request(String method, String path, Ask ask) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(base.resolve(path))
            .version(HttpClient.Version.HTTP_1_1)
            .timeout(TIMEOUT)
            .method(
                method,
                method.equals("POST")
                    ? HttpRequest.BodyPublishers.ofByteArray(ask.body())
                    : HttpRequest.BodyPublishers.noBody());
    HttpHeaders headers = ask.headers();
    for (String header : PASSED_ON) {
      headers.getAll(header).forEach(value -> request.header(header, value));
    }
    return request.build();
  }

  private static Map<String, String> facts(HttpResponse<byte[]> response) {
    Map<String, String> facts = new LinkedHashMap<>();
    FACTS.keySet().stream()
        .sorted()
        .forEach(fact ->
            response
                .headers()
                .firstValue(FACTS.getOrDefault(fact, fact))
                .ifPresent(value -> facts.put(fact, value)));
    return facts;
  }

  private CallResult result(
      int status, Map<String, String> facts, byte[] body, long start, @Nullable String error) {
    double millis = ShopClock.millis(clock.nanos().getAsLong() - start);
    return new CallResult(name, status, facts, body, millis, error);
  }

  static String reason(IOException e) {
    String kind = e.getClass().getSimpleName();
    return e.getMessage() == null ? kind : kind + ": " + e.getMessage();
  }
}
