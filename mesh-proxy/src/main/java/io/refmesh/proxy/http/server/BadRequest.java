package io.refmesh.proxy.http.server;

/**
 * A request that is refused before it becomes an exchange; the message says which rule it breaks.
 */
final class BadRequest extends Exception {

  private static final long serialVersionUID = 1L;

  BadRequest(String message) {
    super(message, null, false, false);
  }
}
