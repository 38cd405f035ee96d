package io.refmesh.chaos.observe;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Reads pages of many admin ports at once, a virtual thread each. */
final class Pages implements AutoCloseable {

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(3);

  /** An address that is gone refuses nobody, it just keeps silent. */
  private static final Duration CONNECT_WITHIN = Duration.ofSeconds(1);

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT_WITHIN)
          .build();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /** The pages of the URLs that answered 200, by URL. */
  Map<String, String> read(List<String> urls) throws InterruptedException {
    Map<String, Future<String>> running = new HashMap<>();
    for (String url : urls) {
      running.put(url, threads.submit(() -> get(url)));
    }
    Map<String, String> pages = new HashMap<>();
    for (Map.Entry<String, Future<String>> page : running.entrySet()) {
      try {
        pages.put(page.getKey(), page.getValue().get());
      } catch (ExecutionException e) {
        // Gone or not answering: the caller has its last page.
      }
    }
    return pages;
  }

  private String get(String url) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(URI.create(url)).timeout(ANSWER_WITHIN).build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException("GET " + url + " answered " + answer.statusCode() + " (expected: 200)");
    }
    return answer.body();
  }

  @Override
  public void close() {
    threads.shutdownNow();
    http.shutdownNow();
  }
}
