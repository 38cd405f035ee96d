package io.refmesh.load;

/** Short texts for what Netty and the JVM throw. */
final class Failures {

  private static final int CAUSES_MAX = 8;

  private Failures() {}

  /** The innermost cause, as {@code SimpleName: message}. */
  static String text(Throwable failure) {
    Throwable innermost = failure;
    for (int depth = 0; innermost.getCause() != null && depth < CAUSES_MAX; depth++) {
      innermost = innermost.getCause();
    }
    String name = innermost.getClass().getSimpleName();
    return innermost.getMessage() == null ? name : name + ": " + innermost.getMessage();
  }
}
