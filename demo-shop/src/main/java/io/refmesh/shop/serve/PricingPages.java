package io.refmesh.shop.serve;

import io.refmesh.shop.serve.Route.Nature;
import java.util.List;
import java.util.Map;

/** The end of the chain: prices. */
public final class PricingPages {
  public List<Route> routes() {
    return List.of(
        Route.get(
            "/prices", Nature.PLAIN, ask -> Answer.json(200, Map.of("prices", Stock.prices()))),
        Route.get("/prices/*", Nature.PLAIN, ask -> CommonPages.numbered(ask, Stock::price)));
  }
}
