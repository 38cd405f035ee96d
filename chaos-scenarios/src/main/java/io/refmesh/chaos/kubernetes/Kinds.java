package io.refmesh.chaos.kubernetes;

import java.util.Locale;
import java.util.Set;

/** Where objects are found on an API server. Pure. */
final class Kinds {

  private static final Set<String> CLUSTER_WIDE = Set.of("Namespace");

  private Kinds() {}

  /** The path of one object. */
  static String path(String apiVersion, String kind, String namespace, String name) {
    return (CLUSTER_WIDE.contains(kind)
            ? root(apiVersion) + "/" + plural(kind)
            : collection(apiVersion, kind, namespace))
        + "/"
        + name;
  }

  /** The path of all objects of a kind in a namespace. */
  static String collection(String apiVersion, String kind, String namespace) {
    return root(apiVersion) + "/namespaces/" + namespace + "/" + plural(kind);
  }

  private static String root(String apiVersion) {
    return (apiVersion.contains("/") ? "/apis/" : "/api/") + apiVersion;
  }

  /** As the API server's own kinds and ours are called: Policy becomes policies. */
  private static String plural(String kind) {
    String one = kind.toLowerCase(Locale.ROOT);
    return one.endsWith("y") ? one.substring(0, one.length() - 1) + "ies" : one + "s";
  }
}
