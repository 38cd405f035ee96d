package io.refmesh.toxiproxy.api;

import io.refmesh.toxiproxy.json.JsonWriter;
import io.refmesh.toxiproxy.proxy.Proxy;
import io.refmesh.toxiproxy.proxy.Refusal;
import io.refmesh.toxiproxy.toxic.Toxic;
import io.refmesh.toxiproxy.toxic.ToxicType;
import java.util.List;
import java.util.function.Consumer;

/** Proxies and toxics as JSON, field by field in the order of the original. */
final class Shapes {
  private Shapes() {}

  static String proxiesByName(List<Proxy> proxies) {
    JsonWriter json = new JsonWriter();
    list(json, "{", proxies, "}", proxy -> write(json.string(proxy.name()).raw(":"), proxy));
    return json.toString();
  }

  static String proxy(Proxy proxy) {
    JsonWriter json = new JsonWriter();
    write(json, proxy);
    return json.toString();
  }

  static String toxics(List<Toxic> toxics) {
    JsonWriter json = new JsonWriter();
    list(json, "[", toxics, "]", toxic -> write(json, toxic));
    return json.toString();
  }

  static String toxic(Toxic toxic) {
    JsonWriter json = new JsonWriter();
    write(json, toxic);
    return json.toString();
  }

  static String populated(List<Proxy> proxies) {
    JsonWriter json = new JsonWriter().raw("{");
    populated(json, proxies);
    return json.toString();
  }

  static String populateFailed(Refusal refusal, List<Proxy> made) {
    JsonWriter json = new JsonWriter().raw("{\"error\":").string(refusal.text());
    json.raw(",\"status\":").number(refusal.status()).raw(",");
    populated(json, made);
    return json.toString();
  }

  private static void populated(JsonWriter json, List<Proxy> proxies) {
    json.raw("\"proxies\":");
    if (proxies.isEmpty()) {
      // An empty slice that was never made is null in Go.
      json.raw("null");
    } else {
      list(json, "[", proxies, "]", proxy -> write(json, proxy));
    }
    json.raw("}");
  }

  private static void write(JsonWriter json, Proxy proxy) {
    json.raw("{\"name\":").string(proxy.name());
    json.raw(",\"listen\":").string(proxy.listen());
    json.raw(",\"upstream\":").string(proxy.upstream());
    json.raw(",\"enabled\":").bool(proxy.enabled());
    // The original exports its logger by accident; clients that compare bytes see it.
    json.raw(",\"Logger\":{},\"toxics\":");
    list(json, "[", proxy.toxics(), "]", toxic -> write(json, toxic));
    json.raw("}");
  }

  private static void write(JsonWriter json, Toxic toxic) {
    long[] values = ToxicType.values(toxic.attributes());
    List<String> names = toxic.type().attributeNames();
    json.raw("{\"attributes\":{");
    for (int i = 0; i < values.length; i++) {
      json.raw(i == 0 ? "" : ",").string(names.get(i)).raw(":").number(values[i]);
    }
    json.raw("},\"name\":").string(toxic.name());
    json.raw(",\"type\":").string(toxic.type().wireName());
    json.raw(",\"stream\":").string(toxic.stream());
    json.raw(",\"toxicity\":").number(toxic.toxicity()).raw("}");
  }

  private static <T> void list(
      JsonWriter json, String open, List<T> items, String close, Consumer<T> writeItem) {
    json.raw(open);
    for (int i = 0; i < items.size(); i++) {
      json.raw(i == 0 ? "" : ",");
      writeItem.accept(items.get(i));
    }
    json.raw(close);
  }
}
