package io.refmesh.control.kubernetes;

import java.util.Arrays;
import java.util.List;

/** A kind of object that is followed, over all namespaces. */
enum Kind {
  POD("", "Pod", "pods", "v1"),
  NODE("", "Node", "nodes", "v1"),
  NAMESPACE("", "Namespace", "namespaces", "v1"),
  SERVICE("", "Service", "services", "v1"),
  HTTP_ROUTE(Kind.GATEWAY, "HTTPRoute", "httproutes", "v1", "v1beta1"),
  GRPC_ROUTE(Kind.GATEWAY, "GRPCRoute", "grpcroutes", "v1"),
  TCP_ROUTE(Kind.GATEWAY, "TCPRoute", "tcproutes", "v1", "v1alpha3", "v1alpha2"),
  TLS_ROUTE(Kind.GATEWAY, "TLSRoute", "tlsroutes", "v1", "v1alpha3", "v1alpha2"),
  MESH_CONFIG(Kind.OURS, "MeshConfig", "meshconfigs", "v1alpha1"),
  RESILIENCE_POLICY(Kind.OURS, "ResiliencePolicy", "resiliencepolicies", "v1alpha1"),
  AUTHORIZATION_POLICY(Kind.OURS, "AuthorizationPolicy", "authorizationpolicies", "v1alpha1"),
  RATE_LIMIT_POLICY(Kind.OURS, "RateLimitPolicy", "ratelimitpolicies", "v1alpha1"),
  FAULT_POLICY(Kind.OURS, "FaultPolicy", "faultpolicies", "v1alpha1"),
  EGRESS_POLICY(Kind.OURS, "EgressPolicy", "egresspolicies", "v1alpha1"),
  DETOUR(Kind.OURS, "Detour", "detours", "v1alpha1");

  static final String GATEWAY = "gateway.networking.k8s.io";
  static final String OURS = "refmesh.io";

  private final String group;
  private final String text;
  private final String plural;
  private final List<String> versions;

  /**
   * @param group empty for the core's
   * @param versions that can be read, the one that is asked for first first
   */
  Kind(String group, String text, String plural, String... versions) {
    this.group = group;
    this.text = text;
    this.plural = plural;
    this.versions = Arrays.asList(versions);
  }

  String group() {
    return group;
  }

  /** As written in YAML. */
  String text() {
    return text;
  }

  /** As in URLs and in rules of roles. */
  String plural() {
    return plural;
  }

  List<String> versions() {
    return versions;
  }

  /** Every API server has it; the others are there when somebody installed them. */
  boolean builtIn() {
    return group.isEmpty();
  }

  boolean route() {
    return group.equals(GATEWAY);
  }

  boolean ours() {
    return group.equals(OURS);
  }

  /** Its objects end by themselves, counted from their last change. */
  boolean expires() {
    return this == FAULT_POLICY || this == DETOUR;
  }

  /** What becomes of an object is told in its status. */
  boolean answered() {
    return !builtIn();
  }

  /**
   * As in {@code kubectl get} and in rules of roles: {@code httproutes.gateway…} or {@code pods}.
   */
  String resource() {
    return builtIn() ? plural : plural + "." + group;
  }

  /** A kind in the version in which this server has it. */
  record Served(Kind kind, String version) {

    String apiVersion() {
      return kind.builtIn() ? version : kind.group + "/" + version;
    }

    /** The path of all its objects. */
    String path() {
      return (kind.builtIn() ? "/api/" : "/apis/") + apiVersion() + "/" + kind.plural;
    }

    /** The path of one. */
    String path(String namespace, String name) {
      return (kind.builtIn() ? "/api/" : "/apis/")
          + apiVersion()
          + "/namespaces/"
          + namespace
          + "/"
          + kind.plural
          + "/"
          + name;
    }
  }
}
