package io.refmesh.chaos.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.observe.AppTarget;
import io.refmesh.chaos.scenario.LoadStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LedgersTest {

  private static final LoadStream POST =
      new LoadStream(
          "post",
          "catalog",
          8080,
          "POST",
          "/effects",
          "http1",
          20,
          0,
          Map.of(),
          Duration.ofSeconds(5),
          false,
          Optional.empty());

  @TempDir private Path folder;

  @Test
  void anEffectOnTwoInstancesIsADuplicateAndWhatAnEndedInstanceNotedStays() throws Exception {
    Path record = folder.resolve("requests.tsv");
    Files.writeString(
        record,
        "#stream\trequest\tintendedMicros\tstart\tend\toutcome\n"
            + line("early", 5, "ok")
            + line("flaky.post-0", 10, "ok")
            + line("flaky.post-1", 11, "ok")
            + line("flaky.post-2", 12, "ok")
            + line("flaky.post-3", 13, "http"));
    HttpServer first =
        serve(
            "[{\"id\":\"flaky.post-0\",\"count\":1,\"lastAt\":10000},{\"id\":\"flaky.post-1\",\"count\":1,\"lastAt\":11000}]");
    HttpServer second = serve("[{\"id\":\"flaky.post-1\",\"count\":1,\"lastAt\":11050}]");
    try (HttpJson http = new HttpJson()) {
      Ledgers ledgers = new Ledgers(http, record);
      List<AppTarget> apps = List.of(target(first), target(second));
      ledgers.read(apps);
      first.stop(0);
      ledgers.read(apps);
      assertThat(ledgers.ended(apps.getFirst())).isFalse();
      ledgers.read(apps);
      assertThat(ledgers.ended(apps.getFirst())).isTrue();
      assertThat(ledgers.ended(apps.getLast())).isFalse();
      assertThat(ledgers.figures("flaky", List.of(POST), Instant.ofEpochSecond(8)))
          .containsOnly(
              Map.entry("ledger.post.effects", 3.0),
              Map.entry("ledger.post.duplicates", 1.0),
              Map.entry("ledger.post.missing", 1.0));
    } finally {
      first.stop(0);
      second.stop(0);
    }
  }

  private static String line(String id, int second, String outcome) {
    return String.join("\t", "post", id, second + "000000", "0", "0", outcome) + "\n";
  }

  private static AppTarget target(HttpServer server) {
    return new AppTarget(
        "shop/catalog-0", "catalog", "http://127.0.0.1:" + server.getAddress().getPort());
  }

  private static HttpServer serve(String entries) throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    server.createContext(
        "/ledger",
        exchange -> {
          byte[] body = ("{\"entries\":" + entries + "}").getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    return server;
  }
}
