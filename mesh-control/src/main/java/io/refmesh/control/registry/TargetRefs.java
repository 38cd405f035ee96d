package io.refmesh.control.registry;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads what policies name others by: {@code targetRefs}, {@code selector}, service accounts. */
final class TargetRefs {

  private TargetRefs() {}

  static List<TargetRef> read(Metadata metadata, Fields spec, TargetRef.Kind... allowed) {
    List<TargetRef> targets = new ArrayList<>();
    for (Fields fields : spec.objects("targetRefs")) {
      fields.requiredText("kind", names(allowed));
      Optional<TargetRef.Kind> kind =
          fields.has("kind") ? fields.parsed("kind", TargetRef.Kind::parse) : Optional.empty();
      String name = fields.requiredText("name", "the target's name");
      String sectionName = fields.text("sectionName").orElse("");
      fields
          .text("namespace")
          .filter(namespace -> !namespace.equals(metadata.namespace()))
          .ifPresent(namespace ->
              fields.problem(
                  "namespace",
                  "\""
                      + namespace
                      + "\" (expected: "
                      + metadata.namespace()
                      + ", the policy's own; put the policy into its target's namespace)"));
      fields.ignore("group");
      if (kind.isEmpty()) {
        continue;
      }
      fields
          .text("group")
          .filter(group -> !group.equals(kind.get().group()) && !group.equals("core"))
          .ifPresent(group ->
              fields.problem(
                  "group",
                  "\""
                      + group
                      + "\" (expected: \""
                      + kind.get().group()
                      + "\" for a "
                      + kind.get().text()
                      + ")"));
      if (!Arrays.asList(allowed).contains(kind.get())) {
        fields.problem(
            "kind",
            "\""
                + kind.get().text()
                + "\" (expected: "
                + names(allowed)
                + " for this kind of policy)");
      }
      boolean route =
          kind.get() == TargetRef.Kind.HTTP_ROUTE || kind.get() == TargetRef.Kind.GRPC_ROUTE;
      if (!sectionName.isEmpty() && !route) {
        fields.problem(
            "sectionName",
            "\"" + sectionName + "\" (expected: none; only routes have named rules)");
      }
      if (kind.get() == TargetRef.Kind.NAMESPACE
          && !name.isEmpty()
          && !name.equals(metadata.namespace())) {
        fields.problem(
            "name",
            "\""
                + name
                + "\" (expected: "
                + metadata.namespace()
                + ", the policy's own namespace)");
      }
      targets.add(new TargetRef(kind.get(), name, sectionName));
    }
    if (spec.has("targetRefs") && targets.isEmpty()) {
      spec.problem(
          "targetRefs",
          "names no target (expected: at least one, or no targetRefs for the whole namespace)");
    }
    return targets;
  }

  /** Labels of workloads in place of {@code targetRefs}; empty when there are none. */
  static Map<String, String> selector(Fields spec, List<TargetRef> targets) {
    if (!spec.has("selector")) {
      return Map.of();
    }
    Fields fields = spec.object("selector");
    Map<String, String> labels = fields.textMap("matchLabels");
    if (labels.isEmpty()) {
      fields.missing(
          "matchLabels", "labels of workloads; leave selector out for the whole namespace");
    }
    if (!targets.isEmpty()) {
      spec.problem("selector", "is given beside targetRefs (expected: one of the two)");
    }
    return labels;
  }

  /** Without a namespace it is one of the policy's own. */
  static AuthorizationPolicy.ServiceAccount serviceAccount(Metadata metadata, Fields account) {
    return new AuthorizationPolicy.ServiceAccount(
        account.text("namespace").orElse(metadata.namespace()),
        account.requiredText("name", "the service account's name"));
  }

  private static String names(TargetRef.Kind... kinds) {
    return Words.alternatives(
        Arrays.stream(kinds).map(TargetRef.Kind::text).toArray(String[]::new));
  }
}
