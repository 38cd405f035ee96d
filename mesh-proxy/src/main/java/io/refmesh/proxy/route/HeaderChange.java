package io.refmesh.proxy.route;

import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import java.util.Map;

/**
 * Fields to set, add and remove, in this order. What is added to a field that is there becomes part
 * of its list of values, as Gateway API says; {@code set-cookie} is no list and gets a line of its
 * own.
 *
 * @param set names lower case
 */
public record HeaderChange(Map<String, String> set, Map<String, String> add, List<String> remove) {

  private static final String SET_COOKIE = "set-cookie";

  void apply(Http2Headers headers) {
    set.forEach(headers::set);
    add.forEach((name, value) -> {
      if (name.equals(SET_COOKIE) || !headers.contains(name)) {
        headers.add(name, value);
      } else {
        headers.set(name, String.join(",", headers.getAll(name)) + "," + value);
      }
    });
    remove.forEach(headers::remove);
  }
}
