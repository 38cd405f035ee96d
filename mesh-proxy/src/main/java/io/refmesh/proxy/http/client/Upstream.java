package io.refmesh.proxy.http.client;

import io.refmesh.proxy.http.HttpService;

/**
 * The HTTP connections of one event loop to one endpoint. Fails an exchange with {@code
 * connect-failed}, {@code connect-timeout}, {@code tls-handshake-failed}, {@code
 * tls-identity-mismatch}, {@code overloaded} or {@code upstream-reset}.
 */
public interface Upstream extends HttpService, AutoCloseable {

  /**
   * Takes no more exchanges: idle connections close now, busy ones when their last exchange ends.
   * On the event loop.
   */
  @Override
  void close();
}
