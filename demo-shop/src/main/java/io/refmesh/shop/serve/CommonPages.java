package io.refmesh.shop.serve;

import io.refmesh.shop.record.Effect;
import io.refmesh.shop.serve.Route.Nature;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongFunction;

/** The pages that every HTTP role has. */
public final class CommonPages {
  private static final long BYTES_MAX = 1L << 30;
  private static final long SPREAD_MILLIS_MAX = 600_000;

  private final String version;

  public CommonPages(String version) {
    this.version = version;
  }

  public List<Route> routes() {
    return List.of(
        Route.get("/items", Nature.PLAIN, this::items),
        Route.get("/items/*", Nature.PLAIN, this::item),
        Route.get("/bytes/*", Nature.PLAIN, this::bytes),
        Route.post("/items", Nature.EFFECT, this::effect),
        Route.post("/effects", Nature.EFFECT, this::effect),
        Route.any("/echo", this::echo));
  }

  private Answer items(Ask ask) {
    Map<String, Object> page = new LinkedHashMap<>();
    page.put("version", version);
    page.put("items", Stock.shown(version));
    return Answer.json(200, page);
  }

  private Answer item(Ask ask) {
    return numbered(ask, id -> Stock.item(id, version));
  }

  /** An item, or whatever else has an item's number, under the last segment of the path. */
  static Answer numbered(Ask ask, LongFunction<Map<String, Object>> of) {
    try {
      return Answer.json(
          200, of.apply(BadAsk.number("id", ask.wildcards().getFirst(), 1, Stock.ITEMS)));
    } catch (BadAsk e) {
      return Answer.error(404, String.valueOf(e.getMessage()));
    }
  }

  private Answer bytes(Ask ask) throws BadAsk {
    long bytes = BadAsk.number("bytes", ask.wildcards().getFirst(), 0, BYTES_MAX);
    boolean lengthTold = ask.number("chunked", 0, 1, 0) == 0;
    return Answer.pattern(bytes, lengthTold, ask.number("delayMs", 0, SPREAD_MILLIS_MAX, 0));
  }

  private Answer effect(Ask ask) {
    Effect effect = Objects.requireNonNull(ask.effect(), "a route with an effect has one");
    return Answer.json(201, effect);
  }

  private Answer echo(Ask ask) {
    List<List<String>> headers = new ArrayList<>();
    ask.headers().forEach(header -> headers.add(List.of(header.getKey(), header.getValue())));
    Map<String, Object> page = new LinkedHashMap<>();
    page.put("method", ask.method());
    page.put("path", ask.path());
    page.put("httpVersion", ask.httpVersion());
    page.put("headers", headers);
    page.put("bodyBytes", ask.bodyBytes());
    page.put("bodySha256", ask.bodySha256());
    page.put("peer", ask.peer());
    return Answer.json(200, page);
  }
}
