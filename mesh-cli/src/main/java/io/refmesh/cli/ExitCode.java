package io.refmesh.cli;

/** What a command ends with; the same table for every command. */
final class ExitCode {

  static final int PASSED = 0;

  /** An expectation failed; a workload did not get ready. */
  static final int FAILED = 1;

  /** The input cannot be used: YAML, scenario, arguments. */
  static final int BAD_INPUT = 2;

  static final int ABORTED = 3;

  /**
   * Something is missing or in the way: not built, no JDK, a port in use, a mesh that runs already.
   */
  static final int ENVIRONMENT = 4;

  /** A setting cannot be used, as everywhere in the mesh. */
  static final int BAD_SETTING = 64;

  private ExitCode() {}
}
