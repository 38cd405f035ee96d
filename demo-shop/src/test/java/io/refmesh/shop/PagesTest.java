package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.shop.json.Json;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class PagesTest {
  private static final byte[] NOTHING = new byte[0];

  @Test
  void everyAnswerSaysWhoAnswersAndWhoAsks() throws Exception {
    Map<String, String> environment =
        Map.of("NAME", "catalog-v2", "MESH_REPLICA", "3", "MESH_ZONE", "b", "VERSION", "v2");
    try (RunningShop shop = RunningShop.of("catalog", environment)) {
      String[] headers = {
        "x-request-id",
        "r1",
        "x-forwarded-client-cert",
        "By=x;URI=spiffe://cluster.local/ns/shop/sa/web"
      };
      for (String path : new String[] {"/items/7", "/nowhere", "/items/0"}) {
        HttpResponse<byte[]> answer = shop.get(path, headers);
        assertThat(header(answer, "x-shop-instance")).isEqualTo("catalog-v2-3");
        assertThat(header(answer, "x-shop-version")).isEqualTo("v2");
        assertThat(header(answer, "x-shop-zone")).isEqualTo("b");
        assertThat(header(answer, "x-shop-caller"))
            .isEqualTo("spiffe://cluster.local/ns/shop/sa/web");
        assertThat(header(answer, "x-request-id")).isEqualTo("r1");
      }
      assertThat(header(shop.get("/items", headers), "x-shop-try")).isEqualTo("4");
      assertThat(header(shop.get("/items"), "x-shop-try")).isEqualTo("1");
      assertThat(header(shop.get("/items", "x-mesh-try", "9"), "x-shop-try")).isEqualTo("9");
      assertThat(shop.get("/items").headers().map()).doesNotContainKey("x-request-id");
    }
  }

  @Test
  void itemsOfTheSecondVersionAreRated() throws Exception {
    try (RunningShop first = RunningShop.of("catalog");
        RunningShop second = RunningShop.of("catalog", Map.of("VERSION", "v2"))) {
      assertThat(json(first.get("/items/1")).has("rating")).isFalse();
      assertThat(json(second.get("/items/1")).has("rating")).isTrue();
      assertThat(json(second.get("/items")).path("items").size()).isEqualTo(12);
    }
  }

  @Test
  void refusesWhatItDoesNotHave() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      assertThat(shop.get("/items/1001").statusCode()).isEqualTo(404);
      assertThat(shop.get("/cart").statusCode()).isEqualTo(404);
      assertThat(shop.get("/bytes/x").statusCode()).isEqualTo(400);
      assertThat(shop.get("/bytes/1?chunked=2").statusCode()).isEqualTo(400);
      HttpResponse<byte[]> wrongMethod = shop.get("/effects");
      assertThat(wrongMethod.statusCode()).isEqualTo(405);
      assertThat(header(wrongMethod, "allow")).isEqualTo("POST");
    }
  }

  @Test
  void aBadEscapeIsABadRequest() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog");
        RawConnection connection = new RawConnection(shop.connect())) {
      assertThat(connection.get("/items?a=%zz").head()).startsWith("HTTP/1.1 400");
    }
  }

  @Test
  void bytesAreThoseAnyoneCanCheck() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      for (int size : new int[] {0, 1, 251, 16_384, 16_385, 3_000_000}) {
        HttpResponse<byte[]> told = shop.get("/bytes/" + size);
        assertThat(header(told, "content-length")).isEqualTo(Integer.toString(size));
        assertThat(told.body()).isEqualTo(pattern(size));
        HttpResponse<byte[]> chunked = shop.get("/bytes/" + size + "?chunked=1");
        assertThat(header(chunked, "transfer-encoding")).isEqualTo("chunked");
        assertThat(chunked.body()).isEqualTo(pattern(size));
      }
    }
  }

  @Test
  void aDelayedBodyComesInSlicesAfterItsHead() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog");
        RawConnection connection = new RawConnection(shop.connect())) {
      connection.get("/bytes/1000?delayMs=200").head();
      assertThat(connection.bytes(1000)).isEqualTo(pattern(1000));
      JsonNode record = shop.record(r -> r.path("requests").path("finished").asInt() == 1);
      assertThat(record.path("requests").path("inFlight").asInt()).isZero();
      double took = shop.admin("/requests").path("requests").get(0).path("durationMs").asDouble();
      assertThat(took).isBetween(199.0, 2_000.0);
    }
  }

  @Test
  void anEffectIsCountedByRequestId() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      byte[] body = "hello".getBytes(StandardCharsets.UTF_8);
      HttpResponse<byte[]> first = shop.post("/effects", body, "x-request-id", "e1");
      HttpResponse<byte[]> second = shop.post("/items", body, "x-request-id", "e1");
      shop.post("/effects", NOTHING, "x-request-id", "e2");

      assertThat(first.statusCode()).isEqualTo(201);
      assertThat(json(first).path("count").asInt()).isEqualTo(1);
      assertThat(json(second).path("count").asInt()).isEqualTo(2);
      assertThat(json(second).path("bytes").asInt()).isEqualTo(5);
      assertThat(json(second).path("sha256").asString())
          .isEqualTo("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
      JsonNode ledger = shop.admin("/ledger");
      assertThat(ledger.path("ids").asInt()).isEqualTo(2);
      assertThat(ledger.path("effects").asInt()).isEqualTo(3);
      assertThat(ledger.path("duplicated").asInt()).isEqualTo(1);
      assertThat(ledger.path("entries").get(0).path("id").asString()).isEqualTo("e1");
      assertThat(shop.admin("/ledger?duplicates=1").path("entries").size()).isEqualTo(1);
      assertThat(shop.admin("/ledger?since=99999999999999").path("entries").size()).isZero();
    }
  }

  @Test
  void anEffectNeedsARequestId() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      assertThat(shop.post("/effects", NOTHING).statusCode()).isEqualTo(400);
      assertThat(shop.post("/effects", NOTHING, "x-request-id", "x".repeat(129)).statusCode())
          .isEqualTo(400);
      assertThat(shop.admin("/ledger").path("effects").asInt()).isZero();
    }
  }

  @Test
  void echoShowsTheRequestAsItCame() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog");
        RawConnection connection = new RawConnection(shop.connect())) {
      connection.say(
          "PUT /echo?q=1 HTTP/1.1\r\nhost: shop\r\nA: 1\r\nx: 2\r\na: 3\r\nconnection: close\r\n"
              + "content-length: 3\r\n\r\nabc");
      connection.head();
      JsonNode echo = Json.tree(connection.rest());
      assertThat(echo.path("method").asString()).isEqualTo("PUT");
      assertThat(echo.path("httpVersion").asString()).isEqualTo("1.1");
      assertThat(echo.path("bodyBytes").asInt()).isEqualTo(3);
      assertThat(echo.path("headers").toString())
          .isEqualTo(
              "[[\"host\",\"shop\"],[\"A\",\"1\"],[\"x\",\"2\"],[\"a\",\"3\"],"
                  + "[\"connection\",\"close\"],[\"content-length\",\"3\"]]");
    }
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrder() throws Exception {
    try (RunningShop shop =
            RunningShop.behaving(
                "{\"rules\":[{\"path\":\"/items/1\",\"latency\":{\"fixedMs\":20}}]}");
        RawConnection connection = new RawConnection(shop.connect())) {
      StringBuilder requests = new StringBuilder();
      int count = 300;
      for (int i = 1; i <= count; i++) {
        requests.append("GET /items/" + i + " HTTP/1.1\r\nhost: shop\r\n\r\n");
      }
      connection.say(requests.toString());
      for (int i = 1; i <= count; i++) {
        connection.head();
        assertThat(connection.until("}")).startsWith("{\"id\":" + i + ",");
      }
    }
  }

  @Test
  void headIsAnsweredWithoutABody() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog");
        RawConnection connection = new RawConnection(shop.connect())) {
      connection.say("HEAD /bytes/5 HTTP/1.1\r\nhost: shop\r\n\r\n");
      assertThat(connection.head()).contains("content-length: 5");
      connection.get("/bytes/2");
      connection.head();
      assertThat(connection.bytes(2)).isEqualTo(pattern(2));
    }
  }

  @Test
  void whatIsNotHttpIsRefusedAndCounted() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog");
        RawConnection connection = new RawConnection(shop.connect())) {
      connection.say("\u0016\u0003\u0001 no request line\r\n\r\n");
      assertThat(new String(connection.rest(), StandardCharsets.UTF_8)).startsWith("HTTP/1.1 400");
      assertThat(shop.admin("/record").path("malformed").asInt()).isEqualTo(1);
    }
  }

  static byte[] pattern(int size) {
    byte[] pattern = new byte[size];
    for (int i = 0; i < size; i++) {
      pattern[i] = (byte) (i % 251);
    }
    return pattern;
  }

  static String header(HttpResponse<byte[]> answer, String name) {
    return answer.headers().firstValue(name).orElse("");
  }

  static JsonNode json(HttpResponse<byte[]> answer) {
    return Json.tree(answer.body());
  }
}
