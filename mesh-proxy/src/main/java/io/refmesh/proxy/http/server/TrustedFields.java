package io.refmesh.proxy.http.server;

import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.server.ServerSettings.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
      removeMeshFields(headers);
    }
    if (clientCert != null) {
      headers.set(MeshHeaders.FORWARDED_CLIENT_CERT, clientCert);
    } else {
      headers.remove(MeshHeaders.FORWARDED_CLIENT_CERT);
    }
  }

  private static void removeMeshFields(Http2Headers headers) {
    List<CharSequence> claimed = null;
    for (Map.Entry<CharSequence, CharSequence> field : headers) {
      if (AsciiString.regionMatches(
          field.getKey(), false, 0, MeshHeaders.PREFIX, 0, MeshHeaders.PREFIX.length())) {
        claimed = claimed == null ? new ArrayList<>(2) : claimed;
        claimed.add(field.getKey());
      }
    }
    if (claimed != null) {
      claimed.forEach(headers::remove);
    }
  }
}
