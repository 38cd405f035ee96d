package io.refmesh.shop.net;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import java.util.Map;

/** The headers as they came over the wire, without those that the HTTP/2 codec makes up. */
final class ReceivedHeaders {
  private ReceivedHeaders() {}

  static HttpHeaders of(HttpRequest request, boolean http2) {
    if (!http2) {
      return request.headers();
    }
    HttpHeaders received = new DefaultHttpHeaders();
    for (Map.Entry<String, String> header : request.headers()) {
      String name = header.getKey();
      if (!name.startsWith("x-http2-")
          && !HttpHeaderNames.TRANSFER_ENCODING.contentEqualsIgnoreCase(name)) {
        received.add(name, header.getValue());
      }
    }
    return received;
  }
}
