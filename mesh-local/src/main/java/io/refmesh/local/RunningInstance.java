package io.refmesh.local;

import java.util.Optional;

/**
 * A workload instance as it is now.
 *
 * @param inbound address of its sidecar
 * @param application address that the application listens on
 * @param admin URL of its sidecar's admin port
 */
public record RunningInstance(
    String namespace,
    String workload,
    int replica,
    String identity,
    String inbound,
    String application,
    String admin,
    Optional<Long> applicationPid,
    Optional<Long> sidecarPid,
    boolean ready,
    int restarts,
    String zone) {

  /** {@code shop/cart-0}. */
  public String name() {
    return namespace + "/" + workload + "-" + replica;
  }
}
