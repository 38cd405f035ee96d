package io.refmesh.shop.serve;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** What the shop sells: a thousand items, the same in every run. */
final class Stock {
  static final long ITEMS = 1000;
  private static final int SHOWN = 12;
  private static final List<String> COLOURS =
      List.of("red", "blue", "green", "grey", "white", "black", "amber");
  private static final List<String> THINGS =
      List.of("kettle", "lamp", "chair", "bottle", "clock", "basket", "blanket", "mug", "ladder");

  private Stock() {}

  static Map<String, Object> item(long id, String version) {
    Map<String, Object> item = new LinkedHashMap<>();
    item.put("id", id);
    item.put(
        "name",
        COLOURS.get((int) (id % COLOURS.size())) + " " + THINGS.get((int) (id % THINGS.size())));
    if (version.equals("v2")) {
      item.put("rating", 1 + id % 5);
    }
    return item;
  }

  static List<Map<String, Object>> shown(String version) {
    return LongStream.rangeClosed(1, SHOWN).mapToObj(id -> item(id, version)).toList();
  }

  static Map<String, Object> price(long id) {
    Map<String, Object> price = new LinkedHashMap<>();
    price.put("id", id);
    price.put("cents", cents(id));
    return price;
  }

  static List<Map<String, Object>> prices() {
    return LongStream.rangeClosed(1, SHOWN).mapToObj(Stock::price).toList();
  }

  private static long cents(long id) {
    return 199 + id * 37 % 5000;
  }
}
