package io.refmesh.local.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * Asks whether something is ready, over its socket. Blocking; answers with the reason when it is
 * not.
 */
public final class Probe implements AutoCloseable {

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(1);
  private static final int BODY_SHOWN_CHARS = 200;

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(ANSWER_WITHIN)
          .build();

  /** Empty when {@code url} answers 2xx or 3xx. */
  public Optional<String> http(String url) throws InterruptedException {
    try {
      HttpResponse<String> answer =
          http.send(
              HttpRequest.newBuilder(URI.create(url)).timeout(ANSWER_WITHIN).build(),
              HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() < 400) {
        return Optional.empty();
      }
      String body = answer.body().strip().replace('\n', ';');
      return Optional.of(
          "GET "
              + url
              + " answered "
              + answer.statusCode()
              + (body.isEmpty()
                  ? ""
                  : ": " + body.substring(0, Math.min(body.length(), BODY_SHOWN_CHARS))));
    } catch (IOException e) {
      String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      return Optional.of("GET " + url + ": " + reason);
    }
  }

  /** As {@link #http}, over a socket of the calling thread: it may be in another network. */
  public static Optional<String> get(String host, int port, String path) {
    String url = "http://" + host + ":" + port + path;
    try (Socket socket = new Socket()) {
      int millis = (int) ANSWER_WITHIN.toMillis();
      socket.connect(new InetSocketAddress(host, port), millis);
      socket.setSoTimeout(millis);
      socket
          .getOutputStream()
          .write(
              ("GET " + path + " HTTP/1.0\r\nHost: " + host + "\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      String status =
          new BufferedReader(
                  new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
              .readLine();
      return status != null && status.matches("HTTP/1\\.[01] [23]\\d\\d.*")
          ? Optional.empty()
          : Optional.of("GET " + url + " answered " + status);
    } catch (IOException e) {
      return Optional.of("GET " + url + ": " + e.getMessage());
    }
  }

  /** Empty when the address takes a connection. */
  public Optional<String> tcp(String host, int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), (int) ANSWER_WITHIN.toMillis());
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("connect to " + host + ":" + port + ": " + e.getMessage());
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
