package io.refmesh.control.registry;

/** References of routes, which may name Services only. */
final class ServiceRef {

  private ServiceRef() {}

  /**
   * @param what the reference is, for the message
   */
  static void check(Fields reference, String what) {
    reference
        .text("kind")
        .filter(kind -> !kind.equals("Service"))
        .ifPresent(kind ->
            reference.problem(
                "kind", "\"" + kind + "\" (expected: Service, the only " + what + ")"));
    reference
        .text("group")
        .filter(group -> !group.isEmpty() && !group.equals("core"))
        .ifPresent(group ->
            reference.problem("group", "\"" + group + "\" (expected: \"\", the group of Service)"));
  }
}
