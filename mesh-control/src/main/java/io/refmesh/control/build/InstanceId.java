package io.refmesh.control.build;

import io.refmesh.control.registry.Instances.Instance;

/**
 * One replica of a workload: who a proxy says it is.
 *
 * @param address where its sidecar takes calls; while a replica is replaced, the old one and the
 *     new one differ in it only
 */
public record InstanceId(String namespace, String workload, int replica, String address) {

  public static InstanceId of(Instance instance) {
    return new InstanceId(
        instance.namespace(), instance.workload(), instance.replica(), instance.address());
  }

  /** {@code namespace/workload/replica}. */
  @Override
  public String toString() {
    return namespace + "/" + workload + "/" + replica;
  }
}
