package io.refmesh.proxy.http;

import io.netty.handler.codec.http2.Http2Headers;

/**
 * The head of a request as the application sent it, whatever the protocol: field names lower case,
 * hop-by-hop fields and pseudo headers not among {@code headers}.
 *
 * @param version what the application spoke; the far proxy speaks it again
 * @param authority of the request; empty when an HTTP/1.0 or 1.1 request has none
 * @param path origin form with query; for CONNECT empty, for {@code OPTIONS *} a star
 * @param headers mutable: layers add and remove fields
 * @param endOfStream whether the request has no body at all
 */
public record RequestHead(
    Version version,
    String method,
    String scheme,
    String authority,
    String path,
    Http2Headers headers,
    boolean endOfStream) {

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

  /** Whether sending it twice has the effect of sending it once (RFC 9110 §9.2.2). */
  public boolean idempotent() {
    return switch (method) {
      case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" -> true;
      default -> false;
    };
  }

  public boolean grpc() {
    CharSequence type = headers.get("content-type");
    return type != null && type.toString().startsWith("application/grpc");
  }

  /** The path without its query. */
  public String pathOnly() {
    int query = path.indexOf('?');
    return query < 0 ? path : path.substring(0, query);
  }

  public RequestHead withTarget(String newAuthority, String newPath) {
    return new RequestHead(version, method, scheme, newAuthority, newPath, headers, endOfStream);
  }
}
