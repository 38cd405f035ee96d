package io.refmesh.proxy.tls;

import java.util.List;
import java.util.Optional;

/**
 * What two sidecars may speak inside TLS. The names are the mesh's own, so that an application's
 * TLS is not mistaken for it.
 */
public enum MeshAlpn {
  /** HTTP/2 that carries requests of any HTTP version. */
  HTTP_2("refmesh/h2"),
  /** One opaque connection, framed. */
  TCP("refmesh/tcp");

  private static final String PREFIX = "refmesh/";

  private final String protocol;

  MeshAlpn(String protocol) {
    this.protocol = protocol;
  }

  /** As in the ClientHello. */
  public String protocol() {
    return protocol;
  }

  static Optional<MeshAlpn> of(String protocol) {
    for (MeshAlpn value : values()) {
      if (value.protocol.equals(protocol)) {
        return Optional.of(value);
      }
    }
    return Optional.empty();
  }

  /**
   * Whether a ClientHello with these protocols comes from a sidecar, be it of a version that speaks
   * something else.
   */
  public static boolean offeredIn(List<String> applicationProtocols) {
    return applicationProtocols.stream().anyMatch(protocol -> protocol.startsWith(PREFIX));
  }
}
