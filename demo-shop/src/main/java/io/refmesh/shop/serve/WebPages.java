package io.refmesh.shop.serve;

import io.refmesh.shop.serve.Route.Nature;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** The front of the shop: nothing of its own, all of it called. */
public final class WebPages {
  private final Service catalog;
  private final Service cart;
  private final LedgerService ledger;
  private final ExecutorService threads;

  public WebPages(Service catalog, Service cart, LedgerService ledger, ExecutorService threads) {
    this.catalog = catalog;
    this.cart = cart;
    this.ledger = ledger;
    this.threads = threads;
  }

  public List<Route> routes() {
    return List.of(
        Route.get("/", Nature.CALLS, this::front),
        Route.get("/shop/items", Nature.CALLS, ask -> pass(ask, catalog)),
        Route.get("/shop/items/*", Nature.CALLS, ask -> pass(ask, catalog)),
        Route.post("/shop/items", Nature.CALLS_WITH_BODY, ask -> pass(ask, catalog)),
        Route.get("/shop/cart", Nature.CALLS, ask -> pass(ask, cart)),
        Route.post("/shop/cart", Nature.CALLS_WITH_BODY, ask -> pass(ask, cart)),
        Route.post("/shop/orders", Nature.CALLS, this::order));
  }

  private Answer front(Ask ask) throws InterruptedException {
    Future<CallResult> items = threads.submit(() -> catalog.call("GET", "/items", ask));
    try {
      CallResult content = cart.call("GET", "/cart", ask);
      CallResult shown = items.get();
      Map<String, Object> page = new LinkedHashMap<>();
      page.put("items", shown.json());
      page.put("cart", content.json());
      return CallResult.answer(200, page, List.of(shown, content));
    } catch (ExecutionException e) {
      throw new IllegalStateException("a call answers with a result also when it fails", e);
    } finally {
      items.cancel(true);
    }
  }

  private static Answer pass(Ask ask, Service to) throws InterruptedException {
    String path = ask.path().substring("/shop".length());
    CallResult result = to.call(ask.method().equals("HEAD") ? "GET" : ask.method(), path, ask);
    Map<String, Object> page = new LinkedHashMap<>();
    page.put("page", result.json());
    return CallResult.answer(result.status(), page, List.of(result));
  }

  private Answer order(Ask ask) throws BadAsk, InterruptedException {
    if (ask.id().isEmpty() || ask.id().contains(" ")) {
      throw new BadAsk("x-request-id: '" + ask.id() + "' (expected: an id without spaces)");
    }
    CallResult result = ledger.append(ask.id(), ask.bodySha256());
    return CallResult.answer(201, new LinkedHashMap<>(), List.of(result));
  }
}
