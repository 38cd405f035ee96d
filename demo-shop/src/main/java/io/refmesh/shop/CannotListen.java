package io.refmesh.shop;

/** A port that could not be bound. */
final class CannotListen extends Exception {
  private static final long serialVersionUID = 1;

  CannotListen(String address, String variable, Throwable cause) {
    super(
        "cannot listen on "
            + address
            + ": "
            + cause.getMessage()
            + " (expected: a free port; stop what listens there or set "
            + variable
            + ")",
        cause);
  }
}
