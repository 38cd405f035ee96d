package io.refmesh.chaos.mesh;

import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * A workload instance as it is now: a process with its sidecar, or a pod.
 *
 * @param replica of those that run at one time no two of a workload have the same
 * @param address where its sidecar takes calls, on the application's ports
 * @param admin URL of its sidecar's admin port
 * @param applicationAdmin URL of the application's own admin port
 * @param application what tells this run of its application from another; empty while there is none
 * @param sidecar likewise
 */
public record MeshInstance(
    String namespace,
    String workload,
    int replica,
    String address,
    String admin,
    String applicationAdmin,
    Optional<String> application,
    Optional<String> sidecar,
    boolean ready) {

  /** {@code shop/cart-0}. */
  public String name() {
    return namespace + "/" + workload + "-" + replica;
  }

  /** Where a port of the application is called. */
  public InetSocketAddress at(int port) {
    return new InetSocketAddress(address, port);
  }
}
