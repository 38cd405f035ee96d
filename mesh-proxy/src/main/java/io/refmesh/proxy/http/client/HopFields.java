package io.refmesh.proxy.http.client;

import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.Ticker;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.RequestHead;
import java.util.concurrent.TimeUnit;

/**
 * What one sidecar tells the next in the head of a request: what the application spoke, the time
 * left and the number of the try. What the application spoke does not go on to an endpoint without
 * sidecar.
 */
final class HopFields {

  private static final AsciiString HTTP_1_0 = AsciiString.cached("HTTP/1.0");
  private static final AsciiString HTTP_1_1 = AsciiString.cached("HTTP/1.1");

  private HopFields() {}

  static void toSidecar(Exchange exchange, Ticker ticker) {
    Http2Headers headers = exchange.request().headers();
    switch (exchange.request().version()) {
      case HTTP_1_0 -> headers.set(MeshHeaders.ORIGINAL_VERSION, HTTP_1_0);
      case HTTP_1_1 -> headers.set(MeshHeaders.ORIGINAL_VERSION, HTTP_1_1);
      case HTTP_2 -> headers.remove(MeshHeaders.ORIGINAL_VERSION);
    }
    upgradeAndForm(exchange.request());
    if (exchange.deadlineNanos() == Exchange.NO_DEADLINE) {
      headers.remove(MeshHeaders.DEADLINE);
    } else {
      long left = TimeUnit.NANOSECONDS.toMillis(exchange.deadlineNanos() - ticker.nanoTime());
      headers.set(MeshHeaders.DEADLINE, Long.toString(Math.max(left, 1)));
    }
    headers.set(MeshHeaders.TRY, Integer.toString(Math.max(exchange.tries(), 1)));
  }

  /** Rare, and so written only where there is something to say: the caller's were removed. */
  private static void upgradeAndForm(RequestHead request) {
    if (!request.upgrade().isEmpty() && !request.method().equals("GET")) {
      request.headers().set(MeshHeaders.ORIGINAL_METHOD, request.method());
    }
    String absoluteHost = request.absoluteHost();
    if (absoluteHost != null) {
      request.headers().set(MeshHeaders.ABSOLUTE_HOST, absoluteHost);
    }
  }

  static void toApplication(RequestHead request) {
    request.headers().remove(MeshHeaders.ORIGINAL_VERSION);
  }
}
