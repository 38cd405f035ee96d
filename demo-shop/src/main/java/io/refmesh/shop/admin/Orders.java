package io.refmesh.shop.admin;

import io.netty.handler.codec.http.QueryStringDecoder;
import io.refmesh.shop.admin.Order.Reply;
import io.refmesh.shop.behave.Behaviour;
import io.refmesh.shop.behave.BehaviourException;
import io.refmesh.shop.behave.BehaviourReader;
import io.refmesh.shop.behave.BehaviourWriter;
import io.refmesh.shop.net.App;
import io.refmesh.shop.record.Ledger;
import java.util.List;
import java.util.Map;

/** From admin requests to orders; the table of the admin port. */
final class Orders {
  private static final int REQUESTS_MAX = 10_000;
  private static final int REQUESTS_USUAL = 1_000;
  private static final String PAGES = "/behaviour, /ledger, /record, /requests, /reset, /ready";

  private final App app;

  Orders(App app) {
    this.app = app;
  }

  Order order(String method, QueryStringDecoder uri, String body) throws RefusedOrder {
    return switch (uri.path()) {
      case "/behaviour" -> behaviour(method, body);
      case "/ledger" -> get(method, ledger(uri));
      case "/record" -> get(method, () -> ok(app.record().view(app.switchboard().counts())));
      case "/requests" -> get(method, requests(uri));
      case "/reset" -> reset(method, uri);
      case "/ready" -> get(method, this::ready);
      default -> throw RefusedOrder.unknown(uri.path(), PAGES);
    };
  }

  private Order behaviour(String method, String body) throws RefusedOrder {
    return switch (method) {
      case "GET" -> this::inForce;
      case "PUT" -> {
        Behaviour replacement = read(body);
        yield () -> {
          app.switchboard().set(replacement);
          return inForce();
        };
      }
      case "DELETE" ->
          () -> {
            app.switchboard().restore();
            return inForce();
          };
      default -> throw RefusedOrder.method(method, "GET, PUT, DELETE");
    };
  }

  private static Behaviour read(String body) throws RefusedOrder {
    try {
      return BehaviourReader.read(body);
    } catch (BehaviourException e) {
      throw RefusedOrder.bad(String.valueOf(e.getMessage()));
    }
  }

  private Reply inForce() {
    return ok(BehaviourWriter.write(app.switchboard().behaviour()));
  }

  private Order ledger(QueryStringDecoder uri) throws RefusedOrder {
    long since = number(uri, "since", 0, Long.MAX_VALUE, 0);
    boolean duplicatesOnly = number(uri, "duplicates", 0, 1, 0) == 1;
    int limit = (int) number(uri, "limit", 1, Ledger.IDS_MAX, Ledger.IDS_MAX);
    return () ->
        ok(app.record().ledger().view(app.instance().name(), since, duplicatesOnly, limit));
  }

  private Order requests(QueryStringDecoder uri) throws RefusedOrder {
    long since = number(uri, "since", 0, Long.MAX_VALUE - 1, 0);
    int limit = (int) number(uri, "limit", 1, REQUESTS_MAX, REQUESTS_USUAL);
    return () -> ok(app.record().requests(since, limit));
  }

  private Order reset(String method, QueryStringDecoder uri) throws RefusedOrder {
    if (!method.equals("POST")) {
      throw RefusedOrder.method(method, "POST");
    }
    List<String> keep = uri.parameters().getOrDefault("keep", List.of());
    if (!keep.isEmpty() && !keep.equals(List.of("ledger"))) {
      throw RefusedOrder.bad("keep: " + String.join(",", keep) + " (expected: ledger)");
    }
    return () -> ok(Map.of("resetAt", app.record().reset(!keep.isEmpty())));
  }

  private Reply ready() {
    boolean ready = app.ready();
    return Reply.of(ready ? 200 : 503, Map.of("ready", ready));
  }

  private static Order get(String method, Order order) throws RefusedOrder {
    if (!method.equals("GET")) {
      throw RefusedOrder.method(method, "GET");
    }
    return order;
  }

  private static Reply ok(Object body) {
    return Reply.of(200, body);
  }

  private static long number(
      QueryStringDecoder uri, String name, long min, long max, long otherwise) throws RefusedOrder {
    List<String> values = uri.parameters().get(name);
    if (values == null) {
      return otherwise;
    }
    try {
      long number = Long.parseLong(values.getFirst());
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below together with numbers out of range.
    }
    throw RefusedOrder.bad(
        name
            + ": "
            + values.getFirst()
            + " (expected: a whole number from "
            + min
            + " to "
            + max
            + ")");
  }
}
