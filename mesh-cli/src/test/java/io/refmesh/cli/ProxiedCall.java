package io.refmesh.cli;

import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/**
 * A program that finds the mesh by {@code HTTP_PROXY}: calls a URL, prints status and body, and
 * ends with 0, or with the first two digits of the status if it is none of success.
 */
final class ProxiedCall {

  private ProxiedCall() {}

  public static void main(String[] arguments) throws Exception {
    URI proxy = URI.create(System.getenv("HTTP_PROXY"));
    try (HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(ProxySelector.of(new InetSocketAddress(proxy.getHost(), proxy.getPort())))
            .build()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create(arguments[0])).build(),
              HttpResponse.BodyHandlers.ofString());
      System.out.println(answer.statusCode() + " " + answer.body());
      System.exit(answer.statusCode() / 100 == 2 ? 0 : answer.statusCode() / 10);
    }
  }
}
