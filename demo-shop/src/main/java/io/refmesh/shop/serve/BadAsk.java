package io.refmesh.shop.serve;

/** A request that is answered with 400; the message says what was found and what was expected. */
public final class BadAsk extends Exception {
  private static final long serialVersionUID = 1;

  BadAsk(String message) {
    super(message);
  }

  static long number(String name, String value, long min, long max) throws BadAsk {
    try {
      long number = Long.parseLong(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below together with numbers out of range.
    }
    throw new BadAsk(
        name + ": " + value + " (expected: a whole number from " + min + " to " + max + ")");
  }
}
