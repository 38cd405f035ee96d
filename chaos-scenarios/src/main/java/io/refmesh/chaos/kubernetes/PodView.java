package io.refmesh.chaos.kubernetes;

import java.util.Map;
import java.util.Optional;

/**
 * What matters of a pod of the shop.
 *
 * @param uid what tells it from another of the same name
 * @param workload whose instance it is
 * @param created in the API server's order
 * @param address empty before it has one
 * @param application id of its application's container that runs; empty while there is none
 * @param sidecar likewise, of its sidecar
 * @param restarts how each container that was started again had ended, by its name
 * @param leaving it was asked to end, or has ended
 */
record PodView(
    String uid,
    String name,
    String workload,
    String node,
    String created,
    String address,
    Optional<String> application,
    Optional<String> sidecar,
    Map<String, String> restarts,
    boolean ready,
    boolean leaving) {

  PodView {
    restarts = Map.copyOf(restarts);
  }
}
