package io.refmesh.control.registry;

/** Names of the annotations that the control plane obeys or writes. */
public final class Annotations {

  /** On a Namespace or workload: what holds where no ALLOW policy selects a port. */
  public static final String DEFAULT_INBOUND_POLICY = "refmesh.io/default-inbound-policy";

  /**
   * {@code enabled} or {@code disabled} on a Namespace or workload, as an annotation or a label:
   * whether it runs with a sidecar.
   */
  public static final String INJECT = "refmesh.io/inject";

  /**
   * On a Namespace, workload or Service: ports, separated by commas, that are never looked into.
   */
  public static final String OPAQUE_PORTS = "refmesh.io/opaque-ports";

  /** On a workload: ports, separated by commas, on which callers reach it past its sidecar. */
  public static final String SKIP_INBOUND_PORTS = "refmesh.io/skip-inbound-ports";

  /** On a workload: ports, separated by commas, that it calls past its sidecar. */
  public static final String SKIP_OUTBOUND_PORTS = "refmesh.io/skip-outbound-ports";

  // -- settings of the sidecar, on a Namespace or workload

  public static final String ACCESS_LOG = "refmesh.io/access-log";
  public static final String LOG_LEVEL = "refmesh.io/log-level";
  public static final String PROXY_PROFILE = "refmesh.io/proxy-profile";
  public static final String PROXY_CPU_REQUEST = "refmesh.io/proxy-cpu-request";
  public static final String PROXY_CPU_LIMIT = "refmesh.io/proxy-cpu-limit";
  public static final String PROXY_MEMORY_REQUEST = "refmesh.io/proxy-memory-request";
  public static final String PROXY_MEMORY_LIMIT = "refmesh.io/proxy-memory-limit";
  public static final String DRAIN_TIMEOUT = "refmesh.io/drain-timeout";
  public static final String DRAIN_ANNOUNCE = "refmesh.io/drain-announce";

  // -- what the injector writes on a pod

  /** {@code true}: the pod has a sidecar. */
  public static final String INJECTED = "refmesh.io/injected";

  /** The version of the pod's sidecar. */
  public static final String PROXY_VERSION = "refmesh.io/proxy-version";

  /** PEM of the roots that the pod's sidecar verifies the control plane with. */
  public static final String TRUST_ROOTS = "refmesh.io/trust-roots";

  /** What the kubelet asks to see how a pod is: {@code 8080/ready 8080/live}. */
  public static final String PROBES = "refmesh.io/probes";

  // -- what a rotation of the root writes on the ConfigMap of the roots

  /** Names of roots, separated by spaces, that were dropped after it was looked who needs them. */
  public static final String DROPPED_ROOTS = "refmesh.io/dropped-roots";

  /** {@code true}: they were dropped although somebody does. */
  public static final String DROPPED_BY_FORCE = "refmesh.io/dropped-by-force";

  private Annotations() {}
}
