package io.refmesh.proxy.http.server;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.proxy.http.Http1Fields;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.RequestHead.Version;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes the head of an exchange from what the codecs decoded, and refuses what another reader could
 * understand differently: only what passes here is ever written towards an application.
 */
final class RequestHeads {

  private RequestHeads() {}

  static RequestHead ofHttp1(HttpRequest request) throws BadRequest {
    Version version = version(request.protocolVersion());
    String method = request.method().name();
    if (request.method().equals(HttpMethod.CONNECT)) {
      throw new BadRequest("CONNECT is not served (expected: a request to the service itself)");
    }
    if (request
        .headers()
        .containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)) {
      // Other upgrades are offers that may be ignored; this one is what the caller came for.
      throw new BadRequest(
          "WebSocket is not served (expected: a plain HTTP request, or the port declared opaque)");
    }
    boolean chunked = requireOnlyChunked(request);
    Http2Headers headers = Http1Fields.fromHttp1(request.headers());
    List<CharSequence> hosts = headers.getAllAndRemove(HttpHeaderNames.HOST);
    if (hosts.size() > 1) {
      throw new BadRequest("Host is there " + hosts.size() + " times (expected: once)");
    }
    String authority = hosts.isEmpty() ? "" : hosts.getFirst().toString();
    String target = request.uri();
    String scheme = "http";
    int schemeEnd = target.indexOf("://");
    if (schemeEnd > 0 && target.charAt(0) != '/') {
      scheme = target.substring(0, schemeEnd).toLowerCase(Locale.ROOT);
      int authorityEnd = endOfAuthority(target, schemeEnd + 3);
      authority = target.substring(schemeEnd + 3, authorityEnd);
      target = target.substring(authorityEnd);
      if (target.isEmpty()) {
        target = method.equals("OPTIONS") ? "*" : "/";
      } else if (target.charAt(0) == '?') {
        target = "/" + target;
      }
      if (authority.isEmpty()) {
        throw new BadRequest("the request target has a scheme and no host");
      }
    }
    boolean endOfStream = !chunked && HttpUtil.getContentLength(request, 0L) == 0;
    return checked(version, method, scheme, authority, target, headers, endOfStream);
  }

  /**
   * @param believeVersion whether {@code x-mesh-original-version} comes from another sidecar
   */
  static RequestHead ofHttp2(Http2Headers headers, boolean endOfStream, boolean believeVersion)
      throws BadRequest {
    String method = text(headers.getAndRemove(Http2Headers.PseudoHeaderName.METHOD.value()));
    String scheme = text(headers.getAndRemove(Http2Headers.PseudoHeaderName.SCHEME.value()));
    String path = text(headers.getAndRemove(Http2Headers.PseudoHeaderName.PATH.value()));
    String authority = text(headers.getAndRemove(Http2Headers.PseudoHeaderName.AUTHORITY.value()));
    if (method.equals("CONNECT")) {
      throw new BadRequest("CONNECT is not served (expected: a request to the service itself)");
    }
    List<CharSequence> hosts = headers.getAllAndRemove(HttpHeaderNames.HOST);
    for (CharSequence host : hosts) {
      if (authority.isEmpty()) {
        authority = host.toString();
      } else if (!authority.equalsIgnoreCase(host.toString())) {
        throw new BadRequest(
            "host and :authority differ (expected: one of them, or the same in both)");
      }
    }
    Version version = Version.HTTP_2;
    if (believeVersion) {
      CharSequence original = headers.get(MeshHeaders.ORIGINAL_VERSION);
      if (original != null) {
        version = "HTTP/1.0".contentEquals(original) ? Version.HTTP_1_0 : Version.HTTP_1_1;
      }
    }
    return checked(version, method, scheme, authority, path, headers, endOfStream);
  }

  /** Refuses a head whose names and values are longer than the limit. */
  static void requireSize(Http2Headers headers, int bytesMost) throws BadRequest {
    long bytes = 0;
    for (Map.Entry<CharSequence, CharSequence> field : headers) {
      bytes += field.getKey().length() + field.getValue().length();
    }
    if (bytes > bytesMost) {
      throw BadRequest.tooLarge(bytesMost);
    }
  }

  private static RequestHead checked(
      Version version,
      String method,
      String scheme,
      String authority,
      String path,
      Http2Headers headers,
      boolean endOfStream)
      throws BadRequest {
    if (method.isEmpty() || !isToken(method)) {
      throw new BadRequest("the method is not a token");
    }
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw new BadRequest("the scheme is neither http nor https");
    }
    boolean star = path.equals("*") && method.equals("OPTIONS");
    if (!star && (path.isEmpty() || path.charAt(0) != '/')) {
      throw new BadRequest("the request target does not begin with a slash");
    }
    if (!isVisible(path)) {
      throw new BadRequest("the request target has a space or a control character");
    }
    if (!isVisible(authority)
        || endOfAuthority(authority, 0) < authority.length()
        || authority.indexOf('@') >= 0) {
      throw new BadRequest("the host is not a host");
    }
    return new RequestHead(version, method, scheme, authority, path, headers, endOfStream);
  }

  private static Version version(HttpVersion version) throws BadRequest {
    if (version.equals(HttpVersion.HTTP_1_1)) {
      return Version.HTTP_1_1;
    }
    if (version.equals(HttpVersion.HTTP_1_0)) {
      return Version.HTTP_1_0;
    }
    throw new BadRequest("the version is neither HTTP/1.1 nor HTTP/1.0");
  }

  /** Other codings would have to be undone here, because the field does not go on. */
  private static boolean requireOnlyChunked(HttpRequest request) throws BadRequest {
    List<String> codings = request.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
    if (codings.isEmpty()) {
      return false;
    }
    if (codings.size() > 1 || !codings.getFirst().trim().equalsIgnoreCase("chunked")) {
      throw new BadRequest("Transfer-Encoding is not chunked alone");
    }
    return true;
  }

  private static int endOfAuthority(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '/' || c == '?' || c == '#' || c == '\\') {
        return i;
      }
    }
    return text.length();
  }

  private static boolean isVisible(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || c == 0x7f) {
        return false;
      }
    }
    return true;
  }

  private static boolean isToken(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      if (!letter && "!#$%&'*+-.^_`|~".indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  private static String text(@Nullable CharSequence value) {
    return value == null ? "" : value.toString();
  }
}
