package io.refmesh.load;

/**
 * A plan that cannot be carried out; the message says where, what was found and what was expected.
 */
final class PlanRefused extends Exception {

  private static final long serialVersionUID = 1L;

  PlanRefused(String message) {
    super(message);
  }
}
