package io.refmesh.proxy.tls;

/** Who may be at the other end of a mutual TLS connection. */
public enum TlsPeers {

  /** Sidecars of this mesh and nobody else: its own protocol names, its own form of identity. */
  SIDECARS,

  /**
   * Also programs that have no sidecar of this mesh but a certificate of the same authority: they
   * speak {@code h2} or {@code http/1.1}, and their identity may have any path. What is verified
   * stays the same.
   */
  STANDARD
}
