package io.refmesh.proxy.http.server;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
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
    boolean chunked = requireOnlyChunked(request);
    boolean body = chunked || HttpUtil.getContentLength(request, 0L) > 0;
    if (request.method().equals(HttpMethod.CONNECT)) {
      return connectOfHttp1(request, version, chunked);
    }
    Http2Headers headers = Http1Fields.fromHttp1(request.headers());
    List<CharSequence> hosts = headers.getAllAndRemove(HttpHeaderNames.HOST);
    if (hosts.size() > 1) {
      throw new BadRequest("Host is there " + hosts.size() + " times (expected: once)");
    }
    String authority = hosts.isEmpty() ? "" : hosts.getFirst().toString();
    String target = request.uri();
    String scheme = "http";
    String absoluteHost = null;
    int schemeEnd = target.indexOf("://");
    if (schemeEnd > 0 && target.charAt(0) != '/') {
      scheme = target.substring(0, schemeEnd).toLowerCase(Locale.ROOT);
      int authorityEnd = endOfAuthority(target, schemeEnd + 3);
      absoluteHost = authority;
      requireHost(authority);
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
    // The bytes of an upgrade follow the request's body, for which the way through the mesh has no
    // mark: such a request is served without its upgrade, as any server may do.
    String upgrade = body ? "" : upgrade(request.headers(), version);
    boolean endOfStream = !body && upgrade.isEmpty();
    return checked(
        new RequestHead(
            version,
            method,
            scheme,
            authority,
            target,
            headers,
            endOfStream,
            upgrade,
            absoluteHost));
  }

  private static RequestHead connectOfHttp1(HttpRequest request, Version version, boolean chunked)
      throws BadRequest {
    if (chunked || request.headers().contains(HttpHeaderNames.CONTENT_LENGTH)) {
      throw new BadRequest("CONNECT has a body (expected: no Content-Length, no chunks)");
    }
    if (request.headers().getAll(HttpHeaderNames.HOST).size() > 1) {
      throw new BadRequest("Host is there more than once");
    }
    Http2Headers headers = Http1Fields.fromHttp1(request.headers());
    // The target says whom it is for (RFC 9112 §3.2.3).
    headers.remove(HttpHeaderNames.HOST);
    return connect(version, request.uri(), headers, false);
  }

  private static RequestHead connect(
      Version version, String authority, Http2Headers headers, boolean endOfStream)
      throws BadRequest {
    int colon = authority.lastIndexOf(':');
    if (colon <= 0 || !isPort(authority.substring(colon + 1))) {
      throw new BadRequest("the target of CONNECT is not host:port");
    }
    requireHost(authority);
    return new RequestHead(version, "CONNECT", "http", authority, "", headers, endOfStream);
  }

  /**
   * The first protocol that the caller would rather speak; empty for none. Other versions of HTTP
   * and TLS are not offered to a server: what it would be asked after them nobody here would see.
   */
  private static String upgrade(HttpHeaders fields, Version version) {
    if (version != Version.HTTP_1_1
        || !fields.contains(HttpHeaderNames.UPGRADE)
        || !fields.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)) {
      return "";
    }
    for (String value : fields.getAll(HttpHeaderNames.UPGRADE)) {
      for (String offered : value.split(",", -1)) {
        String protocol = offered.trim();
        String lower = protocol.toLowerCase(Locale.ROOT);
        boolean hidden =
            lower.equals("h2c")
                || lower.equals("h2")
                || lower.startsWith("http/")
                || lower.startsWith("tls/");
        if (!hidden && isProtocol(protocol)) {
          return protocol;
        }
      }
    }
    return "";
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
    String upgrade = text(headers.getAndRemove(Http2Headers.PseudoHeaderName.PROTOCOL.value()));
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
    CharSequence originalMethod = headers.getAndRemove(MeshHeaders.ORIGINAL_METHOD);
    CharSequence host = headers.getAndRemove(MeshHeaders.ABSOLUTE_HOST);
    String absoluteHost = believeVersion && host != null ? host.toString() : null;
    boolean connect = method.equals("CONNECT");
    if (connect && headers.contains(HttpHeaderNames.CONTENT_LENGTH)) {
      throw new BadRequest("CONNECT has a content-length (expected: none)");
    }
    if (connect && upgrade.isEmpty()) {
      if (!path.isEmpty() || !scheme.isEmpty()) {
        throw new BadRequest("CONNECT has a :scheme or :path (expected: :authority alone)");
      }
      return connect(version, authority, headers, endOfStream);
    }
    if (!upgrade.isEmpty()) {
      if (!connect || !isProtocol(upgrade)) {
        throw new BadRequest(":protocol is not a token, or the method is not CONNECT");
      }
      method = believeVersion && originalMethod != null ? originalMethod.toString() : "GET";
    }
    return checked(
        new RequestHead(
            version, method, scheme, authority, path, headers, endOfStream, upgrade, absoluteHost));
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

  private static RequestHead checked(RequestHead head) throws BadRequest {
    if (head.method().isEmpty() || !isToken(head.method())) {
      throw new BadRequest("the method is not a token");
    }
    if (!head.scheme().equals("http") && !head.scheme().equals("https")) {
      throw new BadRequest("the scheme is neither http nor https");
    }
    String path = head.path();
    boolean star = path.equals("*") && head.method().equals("OPTIONS");
    if (!star && (path.isEmpty() || path.charAt(0) != '/')) {
      throw new BadRequest("the request target does not begin with a slash");
    }
    if (!isVisible(path)) {
      throw new BadRequest("the request target has a space or a control character");
    }
    requireHost(head.authority());
    return head;
  }

  private static void requireHost(String authority) throws BadRequest {
    if (!isVisible(authority)
        || endOfAuthority(authority, 0) < authority.length()
        || authority.indexOf('@') >= 0) {
      throw new BadRequest("the host is not a host");
    }
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

  static boolean isVisible(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || c == 0x7f) {
        return false;
      }
    }
    return true;
  }

  private static boolean isPort(String text) {
    return !text.isEmpty()
        && text.length() <= 5
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  /** {@code protocol-name ["/" protocol-version]} of RFC 9110 §7.8. */
  private static boolean isProtocol(String text) {
    int slash = text.indexOf('/');
    return slash < 0
        ? !text.isEmpty() && isToken(text)
        : slash > 0
            && slash < text.length() - 1
            && isToken(text.substring(0, slash))
            && isToken(text.substring(slash + 1));
  }

  static boolean isToken(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      if (!letter && "!#$%&'*+-.^_`|~".indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  static String text(@Nullable CharSequence value) {
    return value == null ? "" : value.toString();
  }
}
