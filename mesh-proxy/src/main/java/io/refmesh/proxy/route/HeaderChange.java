package io.refmesh.proxy.route;

import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import java.util.Map;

/**
 * Fields to set, add and remove, in this order.
 *
 * @param set names lower case
 */
public record HeaderChange(Map<String, String> set, Map<String, String> add, List<String> remove) {

  void apply(Http2Headers headers) {
    set.forEach(headers::set);
    add.forEach(headers::add);
    remove.forEach(headers::remove);
  }
}
