package io.refmesh.proxy.http.client;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.refmesh.proxy.http.Http1Fields;
import io.refmesh.proxy.http.RequestHead;
import org.jspecify.annotations.Nullable;

/** The head of a request in HTTP/1: in the form and with the framing that the application chose. */
final class Http1RequestHead {

  private static final DefaultHttpHeadersFactory HEADERS =
      DefaultHttpHeadersFactory.headersFactory().withValidation(false);

  private Http1RequestHead() {}

  /** Whether the request is a WebSocket of HTTP/2, which has no key, and HTTP/1 needs one. */
  static boolean bridgesWebSocket(RequestHead request) {
    return request.version() == RequestHead.Version.HTTP_2
        && request.upgrade().equalsIgnoreCase("websocket");
  }

  /**
   * @param key for {@link #bridgesWebSocket}; null for all others
   */
  static HttpRequest of(RequestHead request, @Nullable WebSocketKey key) {
    HttpHeaders headers = HEADERS.newHeaders();
    String host = request.absoluteHost() == null ? request.authority() : request.absoluteHost();
    if (!host.isEmpty()) {
      headers.add(HttpHeaderNames.HOST, host);
    }
    Http1Fields.toHttp1(request.headers(), headers);
    if (request.opensTunnel()) {
      askForTunnel(request, key, headers);
    } else {
      frame(request, headers);
    }
    HttpVersion version =
        request.version() == RequestHead.Version.HTTP_1_0
            ? HttpVersion.HTTP_1_0
            : HttpVersion.HTTP_1_1;
    return new DefaultHttpRequest(
        version, HttpMethod.valueOf(request.method()), target(request), headers);
  }

  private static void askForTunnel(
      RequestHead request, @Nullable WebSocketKey key, HttpHeaders headers) {
    headers.remove(HttpHeaderNames.CONTENT_LENGTH);
    if (request.upgrade().isEmpty()) {
      return;
    }
    headers.add(HttpHeaderNames.UPGRADE, request.upgrade());
    headers.add(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
    if (key != null) {
      headers.set(HttpHeaderNames.SEC_WEBSOCKET_KEY, key.value());
    }
  }

  /** RFC 9112 §6: none where there is no body to frame. */
  private static void frame(RequestHead request, HttpHeaders headers) {
    if (headers.contains(HttpHeaderNames.CONTENT_LENGTH)) {
      return;
    }
    if (!request.endOfStream()) {
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    } else if (request.version() == RequestHead.Version.HTTP_2 && expectsBody(request.method())) {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, HttpHeaderValues.ZERO);
    }
  }

  private static boolean expectsBody(String method) {
    return method.equals("POST") || method.equals("PUT") || method.equals("PATCH");
  }

  private static String target(RequestHead request) {
    if (request.method().equals("CONNECT")) {
      return request.authority();
    }
    if (request.absoluteHost() == null) {
      return request.path();
    }
    String path = request.path().equals("*") ? "" : request.path();
    return request.scheme() + "://" + request.authority() + path;
  }
}
