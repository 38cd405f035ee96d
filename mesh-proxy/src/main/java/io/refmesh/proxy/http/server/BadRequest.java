package io.refmesh.proxy.http.server;

import io.refmesh.model.error.MeshError;

/**
 * A request that is refused before it becomes an exchange; the message says which rule it breaks.
 */
final class BadRequest extends Exception {

  private static final long serialVersionUID = 1L;

  private final MeshError error;

  BadRequest(String message) {
    this(MeshError.BAD_REQUEST, message);
  }

  BadRequest(MeshError error, String message) {
    super(message, null, false, false);
    this.error = error;
  }

  static BadRequest tooLarge(int headerBytes) {
    return new BadRequest(
        MeshError.HEADER_TOO_LARGE, "the header section is larger than " + headerBytes + " bytes");
  }

  MeshError error() {
    return error;
  }
}
