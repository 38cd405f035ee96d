package io.refmesh.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.load.LoadPlan.Protocol;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a plan may say, and how it is refused. */
class PlanReaderTest {

  private static final String SHORTEST =
      """
      {"streams": [
        {"id": "browse", "url": "http://catalog.shop:8080", "path": "/items/1",
         "ratePerSecond": 150, "durationMillis": 30000}]}
      """;

  @TempDir Path folder;

  @Test
  void fillsInDefaults() throws Exception {
    LoadPlan plan = PlanReader.parse("plan.json", SHORTEST, folder);

    assertThat(plan.seed()).isZero();
    assertThat(plan.report()).isFalse();
    StreamPlan stream = plan.streams().getFirst();
    assertThat(stream.protocol()).isEqualTo(Protocol.HTTP1);
    assertThat(stream.host()).isEqualTo("catalog.shop");
    assertThat(stream.port()).isEqualTo(8080);
    assertThat(stream.authority()).isEqualTo("catalog.shop:8080");
    assertThat(stream.method()).isEqualTo("GET");
    assertThat(stream.idPrefix()).isEqualTo("browse");
    assertThat(stream.requestTimeoutMillis()).isEqualTo(10_000);
    assertThat(stream.expectBodyBytes()).isEqualTo(-1);
    assertThat(stream.requestsPlanned()).isEqualTo(4500);
  }

  @Test
  void readsEveryField() throws Exception {
    Files.writeString(folder.resolve("ca.pem"), "any");
    LoadPlan plan =
        PlanReader.parse(
            "plan.json",
            """
            {"seed": -7, "report": true, "streams": [
              {"id": "add", "url": "https://cart.shop", "method": "POST", "paths": ["/a", "/b?x=1"],
               "protocol": "https", "ratePerSecond": 0.5, "startAfterMillis": 250,
               "durationMillis": 4000, "bodyBytes": 10, "headers": {"X-Tenant": "t 1"},
               "requestTimeoutMillis": 700, "newConnectionEach": true, "expectBodyBytes": 12,
               "trustStore": "ca.pem", "idPrefix": "p"}]}
            """,
            folder);

    assertThat(plan.seed()).isEqualTo(-7);
    assertThat(plan.report()).isTrue();
    StreamPlan stream = plan.streams().getFirst();
    assertThat(stream.port()).isEqualTo(443);
    assertThat(stream.authority()).isEqualTo("cart.shop");
    assertThat(stream.pathOf(0)).isEqualTo("/a");
    assertThat(stream.pathOf(3)).isEqualTo("/b?x=1");
    assertThat(stream.headers()).isEqualTo(Map.of("x-tenant", "t 1"));
    assertThat(stream.newConnectionEach()).isTrue();
    assertThat(stream.trustStore()).isEqualTo(folder.resolve("ca.pem"));
    assertThat(stream.requestsPlanned()).isEqualTo(2);
    assertThat(stream.idPrefix()).isEqualTo("p");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"ratePerSecond\": 150 | \"ratePerSecond\": -3 | 3:21: streams[0].ratePerSecond: -3 (expected: a number from 0.01 to 5000)",
        "\"ratePerSecond\": 150 | \"ratePerSecond\": \"150\" | 3:21: streams[0].ratePerSecond: \"150\" (expected: a number",
        "30000 | 2500 | 3:44: streams[0].durationMillis: 2500 (expected: a multiple of 1000",
        "30000 | 1000, \"ratePerSeconds\": 1 | 3:68: streams[0].ratePerSeconds: 1 (expected: one of the fields bodyBytes, durationMillis,",
        "30000 | 30000, \"id\": \"again\" | 3:51: streams[0].id: given twice",
        "30000 | 30000, \"paths\": [\"/\"] | 3:60: streams[0].paths: a list of 1 (expected: \"path\" or \"paths\", exactly one of them)",
        "30000 | 30000, \"headers\": {\"Host\": \"x\"} | streams[0].headers.Host: \"x\" (expected: a header other than",
        "30000 | 30000, \"headers\": {\"a\": \"x\\ny\"} | (expected: printable ASCII",
        "30000 | 30000, \"trustStore\": \"x\" | (expected: no trustStore unless protocol is \"https\")",
        "30000 | 30000, \"protocol\": \"h3\" | streams[0].protocol: \"h3\" (expected: \"http1\", \"h2c\" or \"https\")",
        "30000 | 30000, \"protocol\": \"https\" | 2:27: streams[0].url: \"http://catalog.shop:8080\" (expected: https://host[:port] for protocol \"https\")",
        "30000 | 30000, \"expectBodyBytes\": 1.5 | streams[0].expectBodyBytes: 1.5 (expected: a whole number from 0",
        "30000 | 30000, \"method\": \"get\" | streams[0].method: \"get\" (expected: one of GET,",
        "http://catalog.shop:8080 | http://catalog.shop:8080/x | (expected: http://host[:port]",
        "\"/items/1\" | \"items 1\" | streams[0].path: \"items 1\" (expected: a path that begins with '/'",
        "\"id\": \"browse\", | `` | 2:3: streams[0]: an object (expected: the field \"id\")",
        "}]} | }, {\"id\": \"browse\", \"url\": \"http://a\", \"path\": \"/\", \"ratePerSecond\": 1, \"durationMillis\": 1000}]} | streams[1].id: \"browse\" (expected: an id that no other stream has)",
        "}]} | } | not JSON",
        "}]} | }]} x | not JSON",
        "{\"streams\": | {\"stream\": | 1:12: stream: a list of 1 (expected: one of the fields report, seed, streams)",
      })
  void refusesWithThePlaceAndWhatWasExpected(String original, String changed, String message) {
    assertThat(SHORTEST).contains(original);
    assertThatThrownBy(
            () -> PlanReader.parse("plan.json", SHORTEST.replace(original, changed), folder))
        .isInstanceOf(PlanRefused.class)
        .hasMessageStartingWith("plan.json:")
        .hasMessageContaining(message);
  }

  @Test
  void refusesAFileThatIsAbsentOrEmpty() throws Exception {
    Path file = folder.resolve("plan.json");
    assertThatThrownBy(() -> PlanReader.read(file))
        .isInstanceOf(PlanRefused.class)
        .hasMessageContaining("no such file");

    Files.createFile(file);
    assertThatThrownBy(() -> PlanReader.read(file))
        .isInstanceOf(PlanRefused.class)
        .hasMessageContaining("nothing (expected: a plan");
  }
}
