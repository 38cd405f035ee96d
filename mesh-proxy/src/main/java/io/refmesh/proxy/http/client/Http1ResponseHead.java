package io.refmesh.proxy.http.client;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.refmesh.proxy.http.RequestHead;
import org.jspecify.annotations.Nullable;

/** What the head of a response in HTTP/1 may not say. */
final class Http1ResponseHead {

  private Http1ResponseHead() {}

  /**
   * @param key that the request carried, if it was made here
   * @return what is wrong with it; null for nothing
   */
  static @Nullable String mistake(
      HttpResponse response, RequestHead request, @Nullable WebSocketKey key) {
    if (response.decoderResult().isFailure()) {
      return String.valueOf(response.decoderResult().cause().getMessage());
    }
    HttpHeaders fields = response.headers();
    int status = response.status().code();
    if (request.tunnelAfter(status)) {
      return mistakeBeforeTunnel(fields, request, key);
    }
    if (status == 101) {
      return "the connection was switched to another protocol, which nobody asked for";
    }
    String coding = fields.get(HttpHeaderNames.TRANSFER_ENCODING);
    return coding != null && !coding.trim().equalsIgnoreCase("chunked")
        ? "Transfer-Encoding is not chunked alone"
        : null;
  }

  private static @Nullable String mistakeBeforeTunnel(
      HttpHeaders fields, RequestHead request, @Nullable WebSocketKey key) {
    String asked = request.upgrade();
    if (!asked.isEmpty() && !fields.containsValue(HttpHeaderNames.UPGRADE, asked, true)) {
      return "the connection was switched to "
          + fields.get(HttpHeaderNames.UPGRADE, "nothing")
          + " (expected: "
          + asked
          + ")";
    }
    return key != null && !key.accept().equals(fields.get(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT))
        ? "Sec-WebSocket-Accept does not answer the key"
        : null;
  }
}
