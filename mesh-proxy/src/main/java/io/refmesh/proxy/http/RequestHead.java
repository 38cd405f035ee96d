package io.refmesh.proxy.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * The head of a request as the application sent it, whatever the protocol: field names lower case,
 * hop-by-hop fields and pseudo headers not among {@code headers}.
 *
 * @param version what the application spoke; the far proxy speaks it again
 * @param authority of the request; empty when an HTTP/1.0 or 1.1 request has none
 * @param path origin form with query; for CONNECT empty, for {@code OPTIONS *} a star
 * @param headers mutable: layers add and remove fields
 * @param endOfStream whether the request has no body at all, and opens no tunnel that its peer
 *     would write into
 * @param upgrade what the connection or stream is to become when the server agrees: the protocol of
 *     {@code Upgrade} or {@code :protocol}, such as {@code websocket}; empty for an ordinary
 *     request. The method is then the one of HTTP/1, never CONNECT.
 * @param absoluteHost for an HTTP/1 request in absolute form what its Host field says, empty for
 *     none; null for every other request
 */
public record RequestHead(
    Version version,
    String method,
    String scheme,
    String authority,
    String path,
    Http2Headers headers,
    boolean endOfStream,
    String upgrade,
    @Nullable String absoluteHost) {

  private static final String CONNECT = "CONNECT";
  private static final String GRPC = "application/grpc";
  private static final int STATUS_SWITCHING = 101;

  public enum Version {
    HTTP_1_0("HTTP/1.0"),
    HTTP_1_1("HTTP/1.1"),
    HTTP_2("HTTP/2.0");

    private final String text;

    Version(String text) {
      this.text = text;
    }

    /** As in a log. */
    public String text() {
      return text;
    }
  }

  /** A request as most are: in origin form and without upgrade. */
  public RequestHead(
      Version version,
      String method,
      String scheme,
      String authority,
      String path,
      Http2Headers headers,
      boolean endOfStream) {
    this(version, method, scheme, authority, path, headers, endOfStream, "", null);
  }

  /** Whether bytes of another protocol follow in both directions if the server agrees. */
  public boolean opensTunnel() {
    return !upgrade.isEmpty() || method.equals(CONNECT);
  }

  /**
   * Whether a final head with this status is the server's consent to the tunnel: 101 to an upgrade,
   * whatever the protocol, 2xx to CONNECT. Its body pipe carries the tunnel's bytes.
   */
  public boolean tunnelAfter(int status) {
    return upgrade.isEmpty()
        ? method.equals(CONNECT) && status / 100 == 2
        : status == STATUS_SWITCHING;
  }

  /** Whether sending it twice has the effect of sending it once (RFC 9110 §9.2.2). */
  public boolean idempotent() {
    return switch (method) {
      case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" -> true;
      default -> false;
    };
  }

  public boolean grpc() {
    CharSequence type = headers.get(HttpHeaderNames.CONTENT_TYPE);
    return type != null && AsciiString.regionMatches(type, false, 0, GRPC, 0, GRPC.length());
  }

  /** The path without its query. */
  public String pathOnly() {
    int query = path.indexOf('?');
    return query < 0 ? path : path.substring(0, query);
  }

  /** For a request that was meant for a proxy: the server gets its origin form (RFC 9112 §3.2). */
  public RequestHead inOriginForm() {
    return new RequestHead(
        version, method, scheme, authority, path, headers, endOfStream, upgrade, null);
  }

  /** The same with fields of its own: what changes one is not seen in the other. */
  public RequestHead copy() {
    Http2Headers copied = new DefaultHttp2Headers(false, headers.size() + 2);
    copied.add(headers);
    return new RequestHead(
        version, method, scheme, authority, path, copied, endOfStream, upgrade, absoluteHost);
  }

  /** Of a request in absolute form a new authority replaces the Host field, too. */
  public RequestHead withTarget(String newAuthority, String newPath) {
    return new RequestHead(
        version,
        method,
        scheme,
        newAuthority,
        newPath,
        headers,
        endOfStream,
        upgrade,
        absoluteHost == null || newAuthority.equals(authority) ? absoluteHost : newAuthority);
  }
}
