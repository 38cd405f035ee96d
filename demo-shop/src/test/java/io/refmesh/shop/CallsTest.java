package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class CallsTest {
  private static final byte[] BODY = "order".getBytes(StandardCharsets.UTF_8);

  private RunningShop catalog;
  private RunningShop pricing;
  private RunningShop ledger;
  private RunningShop cart;
  private RunningShop web;

  @BeforeEach
  void open() throws Exception {
    catalog = RunningShop.of("catalog", Map.of("NAME", "catalog-v1"));
    pricing = RunningShop.of("pricing");
    ledger = RunningShop.of("ledger", Map.of("GREETING", "on"));
    cart = RunningShop.of("cart", Map.of("PRICING_URL", pricing.url()));
    web =
        RunningShop.of(
            "web",
            Map.of(
                "CATALOG_URL",
                catalog.url(),
                "CART_URL",
                cart.url(),
                "LEDGER_URL",
                ledger.url().replace("http", "tcp")));
  }

  @AfterEach
  void close() throws Exception {
    for (RunningShop shop : new RunningShop[] {web, cart, ledger, pricing, catalog}) {
      shop.close();
    }
  }

  @Test
  void theFrontPageCallsCatalogAndCartAndCartCallsPricing() throws Exception {
    HttpResponse<byte[]> answer = web.get("/", "x-request-id", "f1");
    assertThat(answer.statusCode()).isEqualTo(200);
    JsonNode page = PagesTest.json(answer);
    assertThat(page.path("items").path("items").size()).isEqualTo(12);
    assertThat(page.path("cart").path("totalCents").asInt()).isPositive();
    assertThat(page.path("calls").get(0).path("instance").asString()).isEqualTo("catalog-v1-0");
    assertThat(page.path("calls").get(1).path("service").asString()).isEqualTo("cart");
    JsonNode request = pricing.admin("/requests").path("requests").get(0);
    assertThat(request.path("id").asString()).isEqualTo("f1");
    assertThat(web.admin("/record").path("calls").toString())
        .isEqualTo(
            "{\"cart\":{\"started\":1,\"failed\":0,\"status\":{\"200\":1}},"
                + "\"catalog\":{\"started\":1,\"failed\":0,\"status\":{\"200\":1}}}");
  }

  @Test
  void pagesOfTheShopPassStatusAndBodyOn() throws Exception {
    assertThat(web.get("/shop/items/3").statusCode()).isEqualTo(200);
    assertThat(web.get("/shop/items/0").statusCode()).isEqualTo(404);
    HttpResponse<byte[]> posted = web.post("/shop/items", BODY, "x-request-id", "p1");
    assertThat(posted.statusCode()).isEqualTo(201);
    assertThat(catalog.admin("/ledger").path("entries").get(0).path("bytes").asInt()).isEqualTo(5);
    assertThat(web.post("/shop/items", new byte[70_000], "x-request-id", "p2").statusCode())
        .isEqualTo(413);
  }

  @Test
  void aPostToTheCartHasOneEffectThere() throws Exception {
    HttpResponse<byte[]> posted = web.post("/shop/cart", BODY, "x-request-id", "c1");
    assertThat(posted.statusCode()).isEqualTo(201);
    assertThat(cart.admin("/ledger").path("effects").asInt()).isEqualTo(1);
    assertThat(web.admin("/ledger").path("effects").asInt()).isZero();
    assertThat(cart.post("/cart", BODY).statusCode()).isEqualTo(400);
  }

  @Test
  void anOrderGoesToTheLedgerOverTcp() throws Exception {
    HttpResponse<byte[]> ordered = web.post("/shop/orders", BODY, "x-request-id", "o1");
    assertThat(ordered.statusCode()).isEqualTo(201);
    assertThat(ledger.admin("/ledger").path("entries").get(0).path("id").asString())
        .isEqualTo("o1");
    assertThat(web.post("/shop/orders", BODY).statusCode()).isEqualTo(400);
  }

  @Test
  void aFailureBelowIsAFailureAbove() throws Exception {
    pricing.behave("{\"rules\":[{\"status\":503}]}");
    HttpResponse<byte[]> answer = web.get("/");
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(PagesTest.json(answer).path("calls").get(0).path("status").asInt()).isEqualTo(200);
    pricing.behave("{\"rules\":[{\"reset\":true}]}");
    HttpResponse<byte[]> bad = cart.get("/cart");
    assertThat(bad.statusCode()).isEqualTo(502);
    assertThat(PagesTest.json(bad).path("calls").get(0).path("error").asString())
        .startsWith(pricing.url());
    assertThat(cart.admin("/record").path("calls").path("pricing").path("failed").asInt())
        .isEqualTo(1);
  }

  @Test
  void aClientThatLeavesCancelsTheWholeChain() throws Exception {
    pricing.behave("{\"rules\":[{\"hang\":true}]}");
    ledger.behave("{\"rules\":[{\"hang\":true}]}");
    CompletableFuture<HttpResponse<byte[]>> answer = web.begin("/");
    pricing.record(r -> r.path("requests").path("inFlight").asInt() == 1);
    answer.cancel(true);
    for (RunningShop shop : new RunningShop[] {web, cart, pricing}) {
      shop.record(r -> r.path("requests").path("cancelled").asInt() == 1);
    }
    try (RawConnection order = new RawConnection(web.connect())) {
      order.say(
          "POST /shop/orders HTTP/1.1\r\nhost: x\r\nx-request-id: o\r\ncontent-length: 0\r\n\r\n");
      ledger.record(r -> r.path("requests").path("inFlight").asInt() == 1);
    }
    ledger.record(r -> r.path("requests").path("cancelled").asInt() == 1);
  }
}
