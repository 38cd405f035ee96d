package io.refmesh.proxy.http;

import io.netty.util.AsciiString;

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

  /** Milliseconds left for the request when the head was sent. */
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
}
