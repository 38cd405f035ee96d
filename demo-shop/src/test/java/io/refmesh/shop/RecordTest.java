package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class RecordTest {
  private static final byte[] NOTHING = new byte[0];

  @Test
  void sumsUpWhatReachedTheShop() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      String caller = "x-forwarded-client-cert";
      shop.get("/items/1", "x-request-id", "a", caller, "URI=spiffe://d/a");
      shop.get("/items/2", "x-request-id", "a", caller, "URI=spiffe://d/b");
      shop.get("/nowhere", "x-request-id", "b");
      shop.get("/items");
      JsonNode record = shop.admin("/record");
      JsonNode requests = record.path("requests");
      assertThat(requests.path("started").asInt()).isEqualTo(4);
      assertThat(requests.path("finished").asInt()).isEqualTo(4);
      assertThat(requests.path("firstAt").asLong())
          .isBetween(record.path("since").asLong(), requests.path("lastAt").asLong());
      assertThat(record.path("status").toString()).isEqualTo("{\"200\":3,\"404\":1}");
      assertThat(record.path("callers").toString())
          .isEqualTo("{\"-\":2,\"spiffe://d/a\":1,\"spiffe://d/b\":1}");
      assertThat(record.path("routes").toString())
          .isEqualTo("{\"GET /items\":3,\"GET /nowhere\":1}");
      assertThat(record.path("attempts").toString()).isEqualTo("{\"1\":1,\"2\":1}");
      assertThat(record.path("requestIds").asInt()).isEqualTo(2);
      assertThat(record.path("withoutId").asInt()).isEqualTo(1);
    }
  }

  @Test
  void listsRequestsAfterANumber() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      for (int i = 1; i <= 5; i++) {
        shop.get("/items/" + i + "?x=1", "x-request-id", "id" + i);
      }
      JsonNode page = shop.admin("/requests?since=2&limit=2");
      assertThat(page.path("next").asInt()).isEqualTo(4);
      assertThat(page.path("requests").size()).isEqualTo(2);
      JsonNode third = page.path("requests").get(0);
      assertThat(third.path("seq").asInt()).isEqualTo(3);
      assertThat(third.path("id").asString()).isEqualTo("id3");
      assertThat(third.path("path").asString()).isEqualTo("/items/3");
      assertThat(third.path("outcome").asString()).isEqualTo("finished");
      assertThat(shop.admin("/requests?since=5").path("next").asInt()).isEqualTo(5);
    }
  }

  @Test
  void resetStartsTheRecordOverAndLeavesTheBehaviour() throws Exception {
    try (RunningShop shop = RunningShop.behaving("{\"rules\":[{\"everyNth\":3,\"status\":500}]}")) {
      shop.post("/effects", NOTHING, "x-request-id", "e");
      shop.get("/items");
      assertThat(shop.admin("POST", "/reset?keep=ledger", "").statusCode()).isEqualTo(200);
      JsonNode record = shop.admin("/record");
      assertThat(record.path("requests").path("started").asInt()).isZero();
      assertThat(record.path("requests").path("firstAt").isNull()).isTrue();
      assertThat(record.path("effects").path("effects").asInt()).isEqualTo(1);
      assertThat(shop.admin("/requests").path("requests").size()).isZero();
      assertThat(shop.get("/items").statusCode()).isEqualTo(500);
      assertThat(shop.admin("POST", "/reset", "").statusCode()).isEqualTo(200);
      assertThat(shop.admin("/ledger").path("effects").asInt()).isZero();
    }
  }

  @Test
  void aRequestInFlightOutlivesAReset() throws Exception {
    try (RunningShop shop = RunningShop.behaving("{\"rules\":[{\"hang\":true}]}")) {
      CompletableFuture<HttpResponse<byte[]>> answer = shop.begin("/items");
      shop.record(r -> r.path("requests").path("inFlight").asInt() == 1);
      shop.admin("POST", "/reset", "");
      assertThat(shop.admin("/record").path("requests").path("inFlight").asInt()).isEqualTo(1);
      answer.cancel(true);
      JsonNode record = shop.record(r -> r.path("requests").path("inFlight").asInt() == 0);
      assertThat(record.path("requests").path("cancelled").asInt()).isZero();
    }
  }

  @Test
  void probesAreNoBytesAtTheApplication() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      shop.get("/ready");
      shop.get("/ready");
      JsonNode record = shop.admin("/record");
      assertThat(record.path("readyProbes").asInt()).isEqualTo(2);
      assertThat(record.path("requests").path("started").asInt()).isZero();
      assertThat(record.path("connections").path("accepted").asInt()).isZero();
      assertThat(record.path("connections").path("probe").asInt()).isEqualTo(1);
      assertThat(record.path("bytes").path("received").asInt()).isZero();
      long probed = record.path("bytes").path("probe").asLong();
      assertThat(probed).isPositive();

      shop.get("/items");
      JsonNode after = shop.admin("/record");
      assertThat(after.path("connections").path("accepted").asInt()).isEqualTo(1);
      assertThat(after.path("connections").path("probe").asInt()).isZero();
      assertThat(after.path("bytes").path("received").asLong()).isGreaterThan(probed);
      assertThat(after.path("bytes").path("probe").asLong()).isZero();
    }
  }

  @Test
  void bytesThatAreNoRequestAreCounted() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog");
        RawConnection connection = new RawConnection(shop.connect())) {
      connection.say("GET /rea");
      JsonNode record = shop.record(r -> r.path("bytes").path("received").asInt() == 8);
      assertThat(record.path("connections").path("accepted").asInt()).isEqualTo(1);
      assertThat(record.path("requests").path("started").asInt()).isZero();
    }
  }

  @Test
  void aSilentConnectionCountsWhenItCloses() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      shop.connect().close();
      shop.record(r -> r.path("connections").path("accepted").asInt() == 1);
    }
  }

  @Test
  void aClientThatLeavesIsRecordedWithTheTimeItTook() throws Exception {
    String rules = "{\"rules\":[{\"latency\":{\"fixedMs\":60000}}]}";
    try (RunningShop shop = RunningShop.behaving(rules);
        H2cClient client = new H2cClient(shop.port())) {
      H2cClient.Stream stream = client.begin("GET", "/items", NOTHING, "x-request-id", "c");
      shop.record(r -> r.path("requests").path("inFlight").asInt() == 1);
      stream.cancel();
      JsonNode record = shop.record(r -> r.path("requests").path("cancelled").asInt() == 1);
      JsonNode request = shop.admin("/requests").path("requests").get(0);
      assertThat(request.path("outcome").asString()).isEqualTo("cancelled");
      assertThat(record.path("requests").path("maxCancelDelayMs").asLong())
          .isEqualTo((long) request.path("durationMs").asDouble());
    }
  }

  @Test
  void aClientThatLeavesDuringALongBodyIsCancelled() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      try (RawConnection connection = new RawConnection(shop.connect())) {
        connection.get("/bytes/100000000").head();
      }
      JsonNode record = shop.record(r -> r.path("requests").path("cancelled").asInt() == 1);
      assertThat(record.path("requests").path("finished").asInt()).isZero();
      assertThat(record.path("bytes").path("sent").asLong()).isLessThan(100_000_000);
    }
  }
}
