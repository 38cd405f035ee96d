package io.refmesh.control.registry;

/** Names of the annotations that the control plane obeys. */
public final class Annotations {

  /** On a Namespace or workload: what holds where no ALLOW policy selects a port. */
  public static final String DEFAULT_INBOUND_POLICY = "refmesh.io/default-inbound-policy";

  /** {@code disabled} on a Namespace or workload: it runs without sidecar. */
  public static final String INJECT = "refmesh.io/inject";

  /**
   * On a Namespace, workload or Service: ports, separated by commas, that are never looked into.
   */
  public static final String OPAQUE_PORTS = "refmesh.io/opaque-ports";

  /** On a workload: ports, separated by commas, on which callers reach it past its sidecar. */
  public static final String SKIP_INBOUND_PORTS = "refmesh.io/skip-inbound-ports";

  private Annotations() {}
}
