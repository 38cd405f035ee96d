package io.refmesh.shop;

/**
 * An argument or a variable that is refused: the message names it, its value and what was expected.
 */
final class BadSetting extends Exception {
  private static final long serialVersionUID = 1;

  BadSetting(String name, String value, String expected) {
    super(name + ": " + value + " (expected: " + expected + ")");
  }
}
