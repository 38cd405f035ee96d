package io.refmesh.shop.behave;

/**
 * A behaviour document that is refused; the message names the field, what was found and what was
 * expected.
 */
public final class BehaviourException extends Exception {
  private static final long serialVersionUID = 1;

  BehaviourException(String message) {
    super(message);
  }
}
