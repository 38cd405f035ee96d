package io.refmesh.proxy.policy;

/** What a policy says about a request or a connection. */
public sealed interface Decision {

  /** allow, deny or audit. */
  default String text() {
    return switch (this) {
      case Allowed allowed -> "allow";
      case Denied denied -> "deny";
      case Audited audited -> "audit";
    };
  }

  /** Name of the policy that decided, or what takes its place. */
  String policy();

  /**
   * @param policy name of the policy that allows it, or {@code default:} and the default policy
   */
  record Allowed(String policy) implements Decision {}

  /**
   * @param policy name of the policy that forbids it, or what takes its place
   * @param reason a sentence part for callers in the mesh
   */
  record Denied(String policy, String reason) implements Decision {}

  /** Let through, and to be recorded. */
  record Audited(String policy) implements Decision {}
}
