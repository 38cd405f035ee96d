package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class MisbehaviourTest {
  private static final byte[] NOTHING = new byte[0];

  @Test
  void aStatusTakesThePlaceOfTheAnswer() throws Exception {
    try (RunningShop shop =
        RunningShop.behaving("{\"rules\":[{\"path\":\"/items\",\"everyNth\":2,\"status\":503}]}")) {
      assertThat(shop.get("/items").statusCode()).isEqualTo(200);
      HttpResponse<byte[]> bad = shop.get("/items/1");
      assertThat(bad.statusCode()).isEqualTo(503);
      assertThat(PagesTest.header(bad, "x-shop-instance")).isEqualTo("catalog-0");
      assertThat(shop.get("/bytes/1").statusCode()).isEqualTo(200);
      JsonNode record = shop.admin("/record");
      assertThat(record.path("classes").toString()).isEqualTo("{\"2xx\":2,\"5xx\":1}");
      assertThat(record.path("rules").toString())
          .isEqualTo("[{\"rule\":0,\"looked\":2,\"applied\":1}]");
    }
  }

  @Test
  void aStatusWithoutABodyHasNone() throws Exception {
    try (RunningShop shop = RunningShop.behaving("{\"rules\":[{\"status\":204}]}");
        H2cClient client = new H2cClient(shop.port())) {
      assertThat(shop.get("/items").body()).isEmpty();
      assertThat(client.get("/items").body()).isEmpty();
    }
  }

  @Test
  void latencyDelaysTheAnswer() throws Exception {
    try (RunningShop shop =
        RunningShop.behaving("{\"rules\":[{\"latency\":{\"fixedMs\":120},\"status\":500}]}")) {
      assertThat(shop.get("/items").statusCode()).isEqualTo(500);
      JsonNode request = shop.admin("/requests").path("requests").get(0);
      assertThat(request.path("durationMs").asDouble()).isBetween(119.0, 5_000.0);
    }
  }

  @Test
  void aHangingRequestEndsWhenItsClientLeaves() throws Exception {
    try (RunningShop shop = RunningShop.behaving("{\"rules\":[{\"hang\":true}]}")) {
      CompletableFuture<HttpResponse<byte[]>> answer = shop.begin("/items");
      shop.record(r -> r.path("requests").path("inFlight").asInt() == 1);
      answer.cancel(true);
      JsonNode record = shop.record(r -> r.path("requests").path("cancelled").asInt() == 1);
      assertThat(record.path("requests").path("inFlight").asInt()).isZero();
      JsonNode request = shop.admin("/requests").path("requests").get(0);
      assertThat(request.path("outcome").asString()).isEqualTo("cancelled");
      assertThat(request.path("status").asInt()).isZero();
    }
  }

  @Test
  void aPartialBodyEndsShortOfItsLength() throws Exception {
    try (RunningShop shop =
            RunningShop.behaving("{\"rules\":[{\"path\":\"/bytes\",\"partialBody\":40000}]}");
        RawConnection connection = new RawConnection(shop.connect())) {
      assertThat(connection.get("/bytes/100000").head()).contains("content-length: 100000");
      assertThat(connection.rest()).isEqualTo(PagesTest.pattern(40_000));
      JsonNode request = shop.admin("/requests").path("requests").get(0);
      assertThat(request.path("outcome").asString()).isEqualTo("reset");
      assertThat(request.path("status").asInt()).isEqualTo(200);
      assertThatThrownBy(() -> shop.get("/bytes/50")).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aPartialChunkedBodyLacksItsLastChunk() throws Exception {
    try (RunningShop shop = RunningShop.behaving("{\"rules\":[{\"partialBody\":10}]}");
        RawConnection connection = new RawConnection(shop.connect())) {
      assertThat(connection.get("/bytes/100?chunked=1").head()).contains("chunked");
      assertThat(new String(connection.rest(), StandardCharsets.ISO_8859_1))
          .startsWith("a\r\n")
          .hasSize(3 + 10 + 2);
    }
  }

  @Test
  void aPartialBodyCanEndInAReset() throws Exception {
    try (RunningShop shop =
            RunningShop.behaving("{\"rules\":[{\"partialBody\":10,\"reset\":true}]}");
        RawConnection connection = new RawConnection(shop.connect())) {
      connection.get("/bytes/100").head();
      assertThat(connection.bytes(10)).isEqualTo(PagesTest.pattern(10));
      assertThatThrownBy(connection::rest).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void aPartialBodyCanStall() throws Exception {
    try (RunningShop shop =
            RunningShop.behaving("{\"rules\":[{\"partialBody\":10,\"hang\":true}]}");
        RawConnection connection = new RawConnection(shop.connect())) {
      connection.get("/bytes/100").head();
      assertThat(connection.bytes(10)).isEqualTo(PagesTest.pattern(10));
      connection.close();
      shop.record(r -> r.path("requests").path("cancelled").asInt() == 1);
    }
  }

  @Test
  void aResetIsAReset() throws Exception {
    try (RunningShop shop = RunningShop.behaving("{\"rules\":[{\"firstN\":1,\"reset\":true}]}")) {
      try (RawConnection connection = new RawConnection(shop.connect())) {
        connection.get("/items");
        assertThatThrownBy(connection::rest).isInstanceOf(SocketException.class);
      }
      assertThat(shop.get("/items").statusCode()).isEqualTo(200);
      assertThat(shop.admin("/record").path("requests").path("reset").asInt()).isEqualTo(1);
    }
  }

  @Test
  void overHttp2OnlyTheStreamIsReset() throws Exception {
    String rules =
        "{\"rules\":[{\"path\":\"/items\",\"reset\":true},{\"path\":\"/bytes\",\"partialBody\":7}]}";
    try (RunningShop shop = RunningShop.behaving(rules);
        H2cClient client = new H2cClient(shop.port())) {
      H2cClient.Answer reset = client.get("/items");
      assertThat(reset.status()).isZero();
      assertThat(reset.resetCode()).isEqualTo(2);
      H2cClient.Answer partial = client.get("/bytes/100");
      assertThat(partial.status()).isEqualTo(200);
      assertThat(partial.body()).isEqualTo(PagesTest.pattern(7));
      assertThat(partial.resetCode()).isEqualTo(2);
      assertThat(client.get("/echo").status()).isEqualTo(200);
      JsonNode record = shop.admin("/record");
      assertThat(record.path("requests").path("reset").asInt()).isEqualTo(2);
      assertThat(record.path("connections").path("accepted").asInt()).isEqualTo(1);
    }
  }

  @Test
  void aPostHasItsEffectEvenWhenItIsAnsweredBadly() throws Exception {
    try (RunningShop shop = RunningShop.behaving("{\"rules\":[{\"firstN\":1,\"status\":503}]}")) {
      assertThat(shop.post("/effects", NOTHING, "x-request-id", "p").statusCode()).isEqualTo(503);
      assertThat(shop.post("/effects", NOTHING, "x-request-id", "p").statusCode()).isEqualTo(201);
      assertThat(shop.admin("/ledger").path("entries").get(0).path("count").asInt()).isEqualTo(2);
    }
  }

  @Test
  void aRequestCanFailBeforeItsEffect() throws Exception {
    try (RunningShop shop =
        RunningShop.behaving("{\"rules\":[{\"status\":503,\"effect\":false}]}")) {
      assertThat(shop.post("/effects", NOTHING, "x-request-id", "p").statusCode()).isEqualTo(503);
      assertThat(shop.admin("/ledger").path("effects").asInt()).isZero();
    }
  }

  @Test
  void readinessObeysItsSwitchAndNoRule() throws Exception {
    try (RunningShop shop = RunningShop.behaving("{\"rules\":[{\"status\":500}]}")) {
      assertThat(shop.get("/ready").statusCode()).isEqualTo(200);
      shop.behave("{\"ready\":false}");
      assertThat(shop.get("/ready").statusCode()).isEqualTo(503);
      assertThat(shop.admin("GET", "/ready", "").statusCode()).isEqualTo(503);
      assertThat(shop.get("/items").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void theSameSeedGivesTheSameFates() throws Exception {
    String rules = "{\"rules\":[{\"percent\":30,\"status\":503}]}";
    String first = fates(Map.of("SEED", "7", "BEHAVIOUR", rules));
    assertThat(fates(Map.of("SEED", "7", "BEHAVIOUR", rules))).isEqualTo(first);
    assertThat(fates(Map.of("SEED", "8", "BEHAVIOUR", rules))).isNotEqualTo(first);
  }

  private static String fates(Map<String, String> environment) throws Exception {
    StringBuilder fates = new StringBuilder();
    try (RunningShop shop = RunningShop.of("catalog", environment)) {
      for (int i = 0; i < 60; i++) {
        fates.append(shop.get("/items/1").statusCode()).append(' ');
      }
    }
    return fates.toString();
  }
}
