package io.refmesh.control.build;

import io.refmesh.control.registry.Annotations;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Instances.Outbound;
import io.refmesh.control.registry.Service;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What is at the addresses that captured connections were meant for: services, single workloads,
 * and everything else.
 *
 * @param services {@code namespace/name} by address
 * @param ports what each declared port speaks
 * @param workloads by address
 */
public record Addresses(
    Map<String, String> services,
    Map<ServicePort, AppProtocol> ports,
    Map<String, SingleWorkload> workloads) {

  public static final Addresses NONE = new Addresses(Map.of(), Map.of(), Map.of());

  /** Of a sidecar: callers reach these as they are. */
  private static final Set<Integer> SIDECAR_PORTS = Set.of(4190, 4191);

  public Addresses {
    services = Map.copyOf(services);
    ports = Map.copyOf(ports);
    workloads = Map.copyOf(workloads);
  }

  /**
   * @param backends of every port of every service
   * @param single how an instance is called by its own address
   */
  static Addresses of(
      ClusterState state,
      Map<ServicePort, Backend> backends,
      Function<Instance, SingleWorkload> single) {
    Map<String, String> services = new HashMap<>();
    Map<String, SingleWorkload> workloads = new HashMap<>();
    for (Service service : state.services().values()) {
      for (String address : service.addresses()) {
        services.put(address, service.metadata().qualifiedName());
      }
    }
    for (Instance instance : state.instances()) {
      if (instance.captured()) {
        for (Outbound outbound : instance.outbound()) {
          services.put(outbound.address(), outbound.service());
        }
        workloads.put(instance.address(), single.apply(instance));
      }
    }
    return new Addresses(
        services,
        backends.values().stream().collect(Collectors.toMap(Backend::id, Backend::protocol)),
        workloads);
  }

  /** Ports on which callers reach an instance past its sidecar. */
  static Set<Integer> skipped(Instance instance) {
    String ports = instance.annotations().getOrDefault(Annotations.SKIP_INBOUND_PORTS, "");
    return Arrays.stream(ports.split(",", -1))
        .map(String::strip)
        .filter(port -> !port.isEmpty() && port.chars().allMatch(Character::isDigit))
        .map(Integer::valueOf)
        .collect(Collectors.toSet());
  }

  AddressState at(HostPort address) {
    String service = services.get(address.host());
    if (service != null) {
      int slash = service.indexOf('/');
      ServicePort id =
          new ServicePort(
              service.substring(0, slash), service.substring(slash + 1), address.port());
      AppProtocol protocol = ports.get(id);
      return protocol == null
          ? new AddressState.Refused(
              "the Service " + service + " declares no port " + address.port())
          : new AddressState.Found(id, protocol);
    }
    SingleWorkload workload = workloads.get(address.host());
    if (workload == null
        || SIDECAR_PORTS.contains(address.port())
        || workload.skipped().contains(address.port())) {
      return new AddressState.Outside();
    }
    return new AddressState.Found(workload.id(address.port()), workload.protocol(address.port()));
  }

  /** How a single workload is called; empty when the name is not one, or it is gone. */
  Optional<Destination> destination(ServicePort id) {
    return SingleWorkload.maybeAddress(id.service())
        .map(workloads::get)
        .filter(workload -> workload.id(id.port()).equals(id))
        .map(workload -> workload.destination(id.port()));
  }
}
