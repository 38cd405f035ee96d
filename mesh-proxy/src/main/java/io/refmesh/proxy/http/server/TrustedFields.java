package io.refmesh.proxy.http.server;

import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.server.ServerSettings.Role;
import org.jspecify.annotations.Nullable;

/**
 * Removes what callers must not claim and writes what their connection proved; one for each
 * connection.
 */
final class TrustedFields {

  private final boolean believeMesh;
  private final @Nullable AsciiString clientCert;

  TrustedFields(Caller caller, Role role) {
    this.believeMesh = role == Role.INBOUND && caller.meshed();
    this.clientCert =
        believeMesh
            ? caller.identity().map(id -> AsciiString.of("URI=" + id.uri())).orElse(null)
            : null;
  }

  /** Whether {@code x-mesh-*} of this connection was written by a sidecar. */
  boolean believeMesh() {
    return believeMesh;
  }

  void apply(Http2Headers headers) {
    if (!believeMesh) {
      MeshHeaders.removeFrom(headers);
    }
    if (clientCert != null) {
      headers.set(MeshHeaders.FORWARDED_CLIENT_CERT, clientCert);
    } else {
      headers.remove(MeshHeaders.FORWARDED_CLIENT_CERT);
    }
  }
}
