package io.refmesh.proxy.http.server;

/** What others may ask about one connection from a caller. On its event loop. */
public interface ServerConnection {

  /** Exchanges begun and not yet done. */
  int inFlight();
}
