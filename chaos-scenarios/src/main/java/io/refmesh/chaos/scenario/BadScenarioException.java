package io.refmesh.chaos.scenario;

import java.util.List;

/**
 * A scenario that cannot be understood: one line per mistake, each with its place and what was
 * expected.
 */
public final class BadScenarioException extends Exception {
  private static final long serialVersionUID = 1L;

  public BadScenarioException(List<String> mistakes) {
    super(String.join("\n", mistakes));
  }
}
