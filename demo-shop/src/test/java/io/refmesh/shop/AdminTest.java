package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class AdminTest {
  @Test
  void behaviourIsReplacedWholeAndRestored() throws Exception {
    String atStart = "{\"rules\":[{\"path\":\"/items\",\"status\":500}],\"ready\":true}";
    try (RunningShop shop = RunningShop.behaving(atStart)) {
      assertThat(shop.admin("/behaviour").toString()).isEqualTo(atStart);
      HttpResponse<byte[]> put = shop.admin("PUT", "/behaviour", "{\"ready\":false}");
      assertThat(text(put)).isEqualTo("{\"rules\":[],\"ready\":false}");
      assertThat(shop.get("/items").statusCode()).isEqualTo(200);
      assertThat(text(shop.admin("DELETE", "/behaviour", ""))).isEqualTo(atStart);
      assertThat(shop.get("/items").statusCode()).isEqualTo(500);
    }
  }

  @Test
  void aRefusedBehaviourChangesNothing() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      HttpResponse<byte[]> put =
          shop.admin("PUT", "/behaviour", "{\"rules\":[{\"status\":500},{\"percnt\":1}]}");
      assertThat(put.statusCode()).isEqualTo(400);
      assertThat(text(put)).contains("rules[1].percnt: unknown field (expected one of: path, ");
      assertThat(shop.get("/items").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void refusesWhatItDoesNotKnow() throws Exception {
    try (RunningShop shop = RunningShop.of("catalog")) {
      assertThat(shop.admin("GET", "/nowhere", "").statusCode()).isEqualTo(404);
      HttpResponse<byte[]> method = shop.admin("POST", "/record", "");
      assertThat(method.statusCode()).isEqualTo(405);
      assertThat(PagesTest.header(method, "allow")).isEqualTo("GET");
      assertThat(text(shop.admin("GET", "/requests?limit=0", "")))
          .contains("limit: 0 (expected: a whole number from 1 to 10000)");
      assertThat(shop.admin("POST", "/reset?keep=all", "").statusCode()).isEqualTo(400);
      assertThat(shop.admin("PUT", "/behaviour", "x".repeat(300_000)).statusCode()).isEqualTo(413);
    }
  }

  private static String text(HttpResponse<byte[]> answer) {
    return new String(answer.body(), StandardCharsets.UTF_8);
  }
}
