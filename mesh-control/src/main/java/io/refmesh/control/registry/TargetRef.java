package io.refmesh.control.registry;

import java.util.Arrays;

/**
 * What a policy attaches to, in the policy's own namespace.
 *
 * @param sectionName the name of one rule of a route; empty for the whole object
 */
public record TargetRef(Kind kind, String name, String sectionName) {

  /** Kinds that a policy can attach to. */
  public enum Kind {
    SERVICE("Service", ""),
    NAMESPACE("Namespace", ""),
    HTTP_ROUTE("HTTPRoute", "gateway.networking.k8s.io"),
    GRPC_ROUTE("GRPCRoute", "gateway.networking.k8s.io");

    private final String text;
    private final String group;

    Kind(String text, String group) {
      this.text = text;
      this.group = group;
    }

    /** As written in YAML. */
    public String text() {
      return text;
    }

    String group() {
      return group;
    }

    static Kind parse(String text) {
      return Arrays.stream(values())
          .filter(kind -> kind.text.equals(text))
          .findFirst()
          .orElseThrow(() ->
              new IllegalArgumentException(
                  "\"" + text + "\" (expected: Service, Namespace, HTTPRoute or GRPCRoute)"));
    }
  }

  @Override
  public String toString() {
    return kind.text + " " + name + (sectionName.isEmpty() ? "" : " rule " + sectionName);
  }
}
