package io.refmesh.proxy.tls;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What two sidecars may speak inside TLS. The names are the mesh's own, so that an application's
 * TLS is not mistaken for it.
 */
public enum MeshAlpn {
  /** HTTP/2 that carries requests of any HTTP version. */
  HTTP_2("refmesh/h2"),
  /** One opaque connection, framed. */
  TCP("refmesh/tcp"),
  /** HTTP/1.1 of a peer that is no sidecar; only with {@link TlsPeers#STANDARD}. */
  HTTP_1("http/1.1");

  private static final String PREFIX = "refmesh/";

  /** HTTP/2 as everybody but a sidecar calls it. */
  static final String STANDARD_HTTP_2 = "h2";

  private final String protocol;

  MeshAlpn(String protocol) {
    this.protocol = protocol;
  }

  /** As in the ClientHello. */
  public String protocol() {
    return protocol;
  }

  /**
   * What was agreed on.
   *
   * @param agreed null when the peer knows no such names
   */
  static Optional<MeshAlpn> of(@Nullable String agreed, TlsPeers peers) {
    if (HTTP_2.protocol.equals(agreed)) {
      return Optional.of(HTTP_2);
    }
    if (TCP.protocol.equals(agreed)) {
      return Optional.of(TCP);
    }
    if (peers == TlsPeers.SIDECARS) {
      return Optional.empty();
    }
    if (STANDARD_HTTP_2.equals(agreed)) {
      return Optional.of(HTTP_2);
    }
    return agreed == null || HTTP_1.protocol.equals(agreed)
        ? Optional.of(HTTP_1)
        : Optional.empty();
  }

  /**
   * Whether a ClientHello with these protocols comes from a sidecar, be it of a version that speaks
   * something else.
   */
  public static boolean offeredIn(List<String> applicationProtocols) {
    return applicationProtocols.stream().anyMatch(protocol -> protocol.startsWith(PREFIX));
  }
}
