package io.refmesh.proxy.admin;

import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.Egress;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.proxy.control.DestinationState;
import io.refmesh.proxy.endpoint.EndpointRegistry.EndpointSnapshot;
import io.refmesh.proxy.resilience.ConcurrencyLimit;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything the proxy knows at one moment, for {@code /config}.
 *
 * @param certificate empty before the first one and after one has expired
 * @param controlConnected whether the control plane is there now
 * @param inbound empty before the first configuration
 * @param egress what may be called outside the mesh; empty when no policy says
 * @param destinations by service port, what the control plane said last
 * @param limits of services that have any on concurrency
 * @param endpoints what was learned about the endpoints of backends in use
 */
public record ConfigDump(
    Workload workload,
    SpiffeId identity,
    Optional<WorkloadCertificate> certificate,
    boolean controlConnected,
    List<String> notReady,
    List<Listener> listeners,
    Optional<InboundPolicy> inbound,
    Optional<Egress> egress,
    Map<ServicePort, DestinationState> destinations,
    List<EndpointSnapshot> endpoints,
    Map<ServicePort, ConcurrencyLimit.Snapshot> limits) {

  public ConfigDump {
    notReady = List.copyOf(notReady);
    listeners = List.copyOf(listeners);
    endpoints = List.copyOf(endpoints);
  }

  /** Which workload this is the sidecar of. */
  public record Workload(String namespace, String name, int replica, String zone) {}

  /**
   * One address that the proxy listens on.
   *
   * @param direction {@code inbound} or {@code outbound}
   * @param leadsTo the service of an outbound listener, the application's address of an inbound one
   * @param problem why it is not bound; empty when it is
   */
  public record Listener(
      String direction, HostPort address, String leadsTo, String protocol, String problem) {}
}
