package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.shop.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class Http2Test {
  private static final byte[] NOTHING = new byte[0];

  @Test
  void servesWithPriorKnowledgeOnTheSamePort() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog");
        H2cClient client = new H2cClient(shop.port())) {
      H2cClient.Answer answer = client.get("/items/3", "x-request-id", "h2");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("x-shop-instance")).isEqualTo("catalog-0");
      assertThat(answer.header("x-request-id")).isEqualTo("h2");
      assertThat(shop.get("/items/3").body()).isEqualTo(answer.body());
      assertThat(client.get("/ready").status()).isEqualTo(200);
    }
  }

  @Test
  void echoLeavesOutWhatTheCodecMakesUp() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog");
        H2cClient client = new H2cClient(shop.port())) {
      byte[] body = "abc".getBytes(StandardCharsets.UTF_8);
      JsonNode echo = Json.tree(client.begin("POST", "/echo", body, "a", "1").get().body());
      assertThat(echo.path("httpVersion").asString()).isEqualTo("2");
      assertThat(echo.path("bodyBytes").asInt()).isEqualTo(3);
      assertThat(echo.path("headers").toString()).isEqualTo("[[\"host\",\"shop\"],[\"a\",\"1\"]]");
    }
  }

  @Test
  void longBodiesAreWholeAndFinished() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog");
        H2cClient client = new H2cClient(shop.port())) {
      List<H2cClient.Stream> streams = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        streams.add(client.begin("GET", "/bytes/400000?chunked=" + i % 2, NOTHING));
      }
      for (H2cClient.Stream stream : streams) {
        H2cClient.Answer answer = stream.get();
        assertThat(answer.resetCode()).isNull();
        assertThat(answer.body()).isEqualTo(PagesTest.pattern(400_000));
      }
      JsonNode record = shop.record(r -> r.path("requests").path("inFlight").asInt() == 0);
      assertThat(record.path("requests").path("finished").asInt()).isEqualTo(20);
      assertThat(record.path("requests").path("cancelled").asInt()).isZero();
    }
  }

  @Test
  void headHasNoBody() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog");
        H2cClient client = new H2cClient(shop.port())) {
      H2cClient.Answer answer = client.begin("HEAD", "/bytes/5", NOTHING).get();
      assertThat(answer.header("content-length")).isEqualTo("5");
      assertThat(answer.body()).isEmpty();
    }
  }

  @Test
  void drainingSaysGoAwayAndFinishesStreams() throws Exception {
    try (RunningShop shop = RunningShop.behaving("{\"rules\":[{\"latency\":{\"fixedMs\":150}}]}");
        H2cClient client = new H2cClient(shop.port())) {
      H2cClient.Stream stream = client.begin("GET", "/items", NOTHING);
      shop.record(r -> r.path("requests").path("inFlight").asInt() == 1);
      var drained = shop.beginDrain();
      client.goAway().get(10, TimeUnit.SECONDS);
      assertThat(stream.get().status()).isEqualTo(200);
      assertThat(client.awaitClose()).isTrue();
      drained.get(10, TimeUnit.SECONDS);
    }
  }
}
