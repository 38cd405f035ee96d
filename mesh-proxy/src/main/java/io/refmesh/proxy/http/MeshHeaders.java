package io.refmesh.proxy.http;

import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Names of the fields that proxies write; what a client sends under them, or under any {@code
 * x-mesh-} name, is removed.
 */
public final class MeshHeaders {

  /** Prefix of all names that are the mesh's own. */
  public static final String PREFIX = "x-mesh-";

  /** Stable code of an error that a proxy answered with. */
  public static final AsciiString ERROR = AsciiString.cached("x-mesh-error");

  /**
   * Between sidecars: what the application spoke, {@code HTTP/1.1} or {@code HTTP/1.0}; absent for
   * HTTP/2.
   */
  public static final AsciiString ORIGINAL_VERSION = AsciiString.cached("x-mesh-original-version");

  /**
   * Between sidecars, with an upgrade: the method of the HTTP/1 request, which extended CONNECT has
   * no place for; absent for GET.
   */
  public static final AsciiString ORIGINAL_METHOD = AsciiString.cached("x-mesh-original-method");

  /**
   * Between sidecars: the Host field of a request in absolute form, be it empty; absent for all
   * others.
   */
  public static final AsciiString ABSOLUTE_HOST = AsciiString.cached("x-mesh-absolute-host");

  /**
   * Between sidecars, in the answer to an upgrade: the protocol that the application switched to.
   * Without it a 200 is the application's own, which did not switch.
   */
  public static final AsciiString UPGRADED = AsciiString.cached("x-mesh-upgraded");

  /** Milliseconds left for the request when the head was sent; told to the application, too. */
  public static final AsciiString DEADLINE = AsciiString.cached("x-mesh-deadline");

  /** Number of the try, from 1; kept up to the application. */
  public static final AsciiString TRY = AsciiString.cached("x-mesh-try");

  /**
   * The caller's identity as this hop verified it, in Envoy's form {@code URI=spiffe://…}; kept up
   * to the application.
   */
  public static final AsciiString FORWARDED_CLIENT_CERT =
      AsciiString.cached("x-forwarded-client-cert");

  private MeshHeaders() {}

  /** Removes every field whose name is the mesh's own. Nothing is allocated where none is there. */
  public static void removeFrom(Http2Headers headers) {
    List<CharSequence> found = null;
    for (Map.Entry<CharSequence, CharSequence> field : headers) {
      if (AsciiString.regionMatches(field.getKey(), false, 0, PREFIX, 0, PREFIX.length())) {
        found = found == null ? new ArrayList<>(2) : found;
        found.add(field.getKey());
      }
    }
    if (found != null) {
      found.forEach(headers::remove);
    }
  }
}
