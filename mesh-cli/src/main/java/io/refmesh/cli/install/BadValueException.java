package io.refmesh.cli.install;

import java.io.IOException;

/** A value of an installation cannot be used; the message names it and what was expected. */
public final class BadValueException extends IOException {

  private static final long serialVersionUID = 1L;

  public BadValueException(String message) {
    super(message);
  }

  BadValueException(String where, String name, String found, String expected) {
    super(where + ": " + name + ": " + found + " (expected: " + expected + ")");
  }
}
