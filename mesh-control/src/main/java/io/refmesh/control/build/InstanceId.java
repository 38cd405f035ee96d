package io.refmesh.control.build;

import io.refmesh.control.registry.Instances.Instance;

/** One replica of a workload: who a proxy says it is. */
public record InstanceId(String namespace, String workload, int replica) {

  public static InstanceId of(Instance instance) {
    return new InstanceId(instance.namespace(), instance.workload(), instance.replica());
  }

  /** {@code namespace/workload/replica}. */
  @Override
  public String toString() {
    return namespace + "/" + workload + "/" + replica;
  }
}
