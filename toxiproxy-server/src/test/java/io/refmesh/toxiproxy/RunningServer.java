package io.refmesh.toxiproxy;

import io.refmesh.toxiproxy.proxy.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server on a free port and a plain HTTP client for it. */
final class RunningServer implements AutoCloseable {
  private static final Pattern LISTEN = Pattern.compile("\"listen\":\"[^\"]*:(\\d+)\"");

  final ToxiproxyServer server;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  RunningServer() {
    this(1, Transport.best());
  }

  RunningServer(long seed, Transport transport) {
    try {
      server =
          ToxiproxyServer.start(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), seed, transport);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  int controlPort() {
    return server.controlAddress().getPort();
  }

  HttpResponse<String> send(String method, String path, String body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + controlPort() + path))
            .timeout(Duration.ofSeconds(20))
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return http.send(request.build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AssertionError(method + " " + path + " was not answered", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Status and body, the body without the newline that Go's errors end with. */
  String call(String method, String path, String body) {
    HttpResponse<String> response = send(method, path, body);
    return (response.statusCode() + " " + response.body()).strip();
  }

  /** Makes a proxy on a free port of 127.0.0.1 and returns the port. */
  int proxy(String name, int upstreamPort) {
    String created =
        call(
            "POST",
            "/proxies",
            "{\"name\":\""
                + name
                + "\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"127.0.0.1:"
                + upstreamPort
                + "\"}");
    return port(created);
  }

  static int port(String proxyJson) {
    Matcher listen = LISTEN.matcher(proxyJson);
    if (!listen.find()) {
      throw new AssertionError("no listen address in: " + proxyJson);
    }
    return Integer.parseInt(listen.group(1));
  }

  /** Adds a toxic and expects it to be taken. */
  void toxic(String proxy, String json) {
    String answer = call("POST", "/proxies/" + proxy + "/toxics", json);
    if (!answer.startsWith("200 ")) {
      throw new AssertionError(answer);
    }
  }

  @Override
  public void close() {
    http.close();
    server.close();
  }
}
