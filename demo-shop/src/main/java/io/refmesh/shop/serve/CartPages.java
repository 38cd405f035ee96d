package io.refmesh.shop.serve;

import io.refmesh.shop.serve.Route.Nature;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** The cart, which asks pricing for what its content costs. */
public final class CartPages {
  private static final int CONTENT = 3;

  private final Service pricing;

  public CartPages(Service pricing) {
    this.pricing = pricing;
  }

  public List<Route> routes() {
    return List.of(
        Route.get("/cart", Nature.CALLS, ask -> cart(ask, 200)),
        Route.post("/cart", Nature.EFFECT_AND_CALLS, ask -> cart(ask, 201)));
  }

  private Answer cart(Ask ask, int status) throws InterruptedException {
    CallResult prices = pricing.call("GET", "/prices", ask);
    Map<String, Object> page = new LinkedHashMap<>();
    if (!prices.failed()) {
      List<JsonNode> content = prices.json().path("prices").valueStream().limit(CONTENT).toList();
      page.put("content", content);
      page.put("totalCents", content.stream().mapToLong(one -> one.path("cents").asLong(0)).sum());
    }
    if (ask.effect() != null) {
      page.put("effect", ask.effect());
    }
    return CallResult.answer(status, page, List.of(prices));
  }
}
