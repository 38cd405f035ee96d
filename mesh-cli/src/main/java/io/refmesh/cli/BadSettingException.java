package io.refmesh.cli;

import java.io.IOException;

/** A setting or an option cannot be used; the message names it, its value and what was expected. */
final class BadSettingException extends IOException {

  private static final long serialVersionUID = 1L;

  BadSettingException(String name, String value, String expected) {
    super(name + ": " + value + " (expected: " + expected + ")");
  }
}
