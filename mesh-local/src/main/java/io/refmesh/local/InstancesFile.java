package io.refmesh.local;

import io.refmesh.control.registry.Instances;
import io.refmesh.local.network.LocalNetwork;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the control plane is told about the processes: one file, replaced whole with every change.
 */
final class InstancesFile {

  private InstancesFile() {}

  static void write(
      Path file, List<Instance> instances, List<String> services, LocalNetwork network)
      throws IOException {
    Instances.write(
        file,
        new Instances(
            instances.stream().map(instance -> entry(instance, services, network)).toList()));
  }

  private static Instances.Instance entry(
      Instance instance, List<String> services, LocalNetwork network) {
    Replica replica = instance.replica();
    return new Instances.Instance(
        replica.namespace(),
        replica.workload(),
        replica.index(),
        replica.labels(),
        replica.serviceAccount(),
        replica.zone(),
        instance.setting().inbound(),
        instance.setting().applicationAddress(),
        instance.ready(),
        instance.draining(),
        replica.ports().stream()
            .map(port -> new Instances.Port(port.name(), port.port(), port.appProtocol()))
            .toList(),
        annotations(instance),
        services.stream()
            .map(service ->
                new Instances.Outbound(service, network.service(instance.number(), service)))
            .toList(),
        network.captured());
  }

  /** Those of the workload, and what {@code mesh status} shows of the instance. */
  private static Map<String, String> annotations(Instance instance) {
    Map<String, String> annotations = new TreeMap<>(instance.replica().annotations());
    annotations.put("refmesh.io/restarts", Integer.toString(instance.restarts()));
    instance
        .setting()
        .namespace()
        .ifPresent(namespace -> annotations.put("refmesh.io/netns", namespace.name()));
    return annotations;
  }
}
