package io.refmesh.control.build;

import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Backend;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One workload as it is called by its own address, on whichever port.
 *
 * @param skipped ports on which it is reached past its sidecar
 * @param protocols what it says it speaks
 */
record SingleWorkload(
    Instance instance,
    String name,
    Optional<SpiffeId> identity,
    Set<Integer> skipped,
    Map<Integer, AppProtocol> protocols,
    BackendSettings settings,
    Timeouts timeouts,
    Optional<RetrySettings> retry) {

  /** Between name and address; no Service can have it in its name. */
  private static final char AT = '@';

  SingleWorkload {
    skipped = Set.copyOf(skipped);
    protocols = Map.copyOf(protocols);
  }

  /** The name of a replica at an address. */
  static String name(String workload, int replica, String address) {
    return workload + "-" + replica + AT + address;
  }

  /** The address in such a name; empty when it is a Service's. */
  static Optional<String> maybeAddress(String name) {
    int at = name.indexOf(AT);
    return at < 0 ? Optional.empty() : Optional.of(name.substring(at + 1));
  }

  ServicePort id(int port) {
    return new ServicePort(instance.namespace(), name, port);
  }

  AppProtocol protocol(int port) {
    return protocols.getOrDefault(port, AppProtocol.DETECT);
  }

  Destination destination(int port) {
    HostPort address = new HostPort(instance.address(), port);
    EndpointSpec endpoint =
        new EndpointSpec(
            address,
            address,
            identity,
            instance.zone(),
            1,
            instance.ready() && !instance.draining(),
            instance.namespace() + "/" + instance.workload(),
            instance.replica());
    ServicePort id = id(port);
    RouteRule rule =
        new RouteRule(
            "default",
            List.of(),
            HttpMatch.ANY,
            List.of(),
            List.of(new WeightedBackend(id, 1, true)),
            timeouts,
            retry);
    return new Destination(
        id,
        protocol(port),
        List.of(rule),
        Map.of(id, new Backend(id, protocol(port), List.of(endpoint), settings)));
  }
}
