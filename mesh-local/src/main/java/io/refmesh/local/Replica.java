package io.refmesh.local;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One replica of a Workload as the folder describes it: what to run and how it is known.
 *
 * @param namespace with {@code workload} and {@code index} its name
 * @param profile {@code standard} or {@code small}
 * @param readiness how to see that the application is ready; empty: its first port takes
 *     connections
 */
record Replica(
    String namespace,
    String workload,
    int index,
    Map<String, String> labels,
    List<String> command,
    Map<String, String> env,
    String serviceAccount,
    String zone,
    String profile,
    List<Port> ports,
    Optional<HttpGet> readiness,
    Map<String, String> annotations) {

  record Port(String name, int port, String appProtocol) {}

  record HttpGet(String path, int port) {}

  /** {@code shop/cart-0}. */
  String name() {
    return namespace + "/" + workload + "-" + index;
  }
}
