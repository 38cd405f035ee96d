package io.refmesh.cli.check;

/**
 * What one check found.
 *
 * @param check its name, which is also the heading in the documentation
 * @param hint what to do; empty when all is well
 * @param link where more about it is; empty when all is well
 */
public record Finding(String check, Outcome outcome, String message, String hint, String link) {

  /** How bad it is. */
  public enum Outcome {
    OK,
    WARNING,
    FAILED
  }

  private static final String PAGE = "docs/reference/kubernetes.md#";

  static Finding ok(String check, String message) {
    return new Finding(check, Outcome.OK, message, "", "");
  }

  static Finding warning(String check, String message, String hint) {
    return new Finding(check, Outcome.WARNING, message, hint, PAGE + check);
  }

  static Finding failed(String check, String message, String hint) {
    return new Finding(check, Outcome.FAILED, message, hint, PAGE + check);
  }
}
