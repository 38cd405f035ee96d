package io.refmesh.control.build;

import io.refmesh.control.registry.Problem;
import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.identity.SpiffeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Everything that proxies can be told at one moment.
 *
 * @param destinations for callers of every namespace
 * @param consumerDestinations by the caller's namespace: where routes of that namespace take the
 *     place of the service's own
 * @param routes what became of each
 * @param problems sorted
 */
public record Snapshots(
    Map<InstanceId, Workload> workloads,
    Map<ServicePort, Destination> destinations,
    Map<String, Map<ServicePort, Destination>> consumerDestinations,
    Addresses addresses,
    List<RouteStatus> routes,
    List<Problem> problems) {

  public static final Snapshots EMPTY =
      new Snapshots(Map.of(), Map.of(), Map.of(), Addresses.NONE, List.of(), List.of());

  public Snapshots {
    workloads = Map.copyOf(workloads);
    destinations = Map.copyOf(destinations);
    consumerDestinations = Map.copyOf(consumerDestinations);
    routes = List.copyOf(routes);
    problems = List.copyOf(problems);
  }

  /**
   * @param identity what its proxy must have proved
   */
  public record Workload(SpiffeId identity, WorkloadConfig config) {}

  /**
   * What a caller of this namespace is told of a service's port; empty when there is no such port.
   */
  public Optional<Destination> destination(String callerNamespace, ServicePort port) {
    Destination own = consumerDestinations.getOrDefault(callerNamespace, Map.of()).get(port);
    return own != null
        ? Optional.of(own)
        : Optional.ofNullable(destinations.get(port)).or(() -> addresses.destination(port));
  }

  /** What a captured connection that was meant for this address leads to. */
  public AddressState address(HostPort address) {
    return addresses.at(address);
  }

  /** Why a port is not there, with what is. */
  public String absence(ServicePort port) {
    List<Integer> ports =
        destinations.keySet().stream()
            .filter(other ->
                other.namespace().equals(port.namespace())
                    && other.service().equals(port.service()))
            .map(ServicePort::port)
            .sorted()
            .toList();
    return ports.isEmpty()
        ? "there is no Service " + port.namespace() + "/" + port.service()
        : "the Service "
            + port.namespace()
            + "/"
            + port.service()
            + " has no port "
            + port.port()
            + " (expected: one of "
            + ports
            + ")";
  }

  /** Ports of each service by {@code namespace/name}, in order. */
  public Map<String, List<Destination>> services() {
    Map<String, List<Destination>> services = new TreeMap<>();
    destinations.keySet().stream()
        .sorted()
        .forEach(port ->
            services
                .computeIfAbsent(port.namespace() + "/" + port.service(), name -> new ArrayList<>())
                .add(destinations.get(port)));
    return services;
  }
}
