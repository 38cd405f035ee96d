package io.refmesh.control.build;

import io.refmesh.control.registry.Annotations;
import io.refmesh.control.registry.Detour;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Namespace;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Service;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.identity.SpiffeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The endpoints of a service's port. An instance that is not ready or on its way out stays in the
 * list, marked: a proxy waits a moment for one of these rather than to say that there is none.
 */
final class Endpoints {

  private final ClusterState state;
  private final String trustDomain;
  private final Ports ports;
  private final List<Problem> problems;

  Endpoints(ClusterState state, String trustDomain, Ports ports, List<Problem> problems) {
    this.state = state;
    this.ports = ports;
    this.trustDomain = trustDomain;
    this.problems = problems;
    for (Detour detour : state.detours()) {
      for (int index = 0; index < detour.targetRefs().size(); index++) {
        String name = detour.metadata().namespace() + "/" + detour.targetRefs().get(index).name();
        if (!state.services().containsKey(name)) {
          problems.add(
              detour.problem(
                  "spec.targetRefs[" + index + "]",
                  "there is no Service " + name + " (expected: an existing Service)"));
        }
      }
    }
  }

  List<EndpointSpec> of(Service service, Service.Port port) {
    List<EndpointSpec> endpoints = new ArrayList<>();
    for (Instance instance : ports.instances(service)) {
      OptionalInt target = Ports.target(port, instance);
      if (target.isEmpty()) {
        problems.add(
            service.problem(
                "spec.ports",
                "the workload "
                    + instance.namespace()
                    + "/"
                    + instance.workload()
                    + " has no port named as the targetPort of port "
                    + port.port()
                    + " (expected: one of "
                    + instance.ports().stream().map(p -> p.name()).toList()
                    + ")"));
        continue;
      }
      Optional<SpiffeId> identity =
          instance.captured() && Addresses.skipped(instance).contains(target.getAsInt())
              ? Optional.empty()
              : maybeIdentity(instance);
      HostPort address =
          new HostPort(
              identity.isPresent() || instance.applicationAddress().isEmpty()
                  ? instance.address()
                  : instance.applicationAddress(),
              target.getAsInt());
      endpoints.add(
          new EndpointSpec(
              address,
              dial(service, instance).orElse(address),
              identity,
              instance.zone(),
              1,
              instance.ready() && !instance.draining(),
              instance.namespace() + "/" + instance.workload(),
              instance.replica()));
    }
    return endpoints;
  }

  /** What the instance's sidecar proves; empty when it runs without one. */
  Optional<SpiffeId> maybeIdentity(Instance instance) {
    Namespace namespace = state.namespaces().get(instance.namespace());
    String inject =
        instance
            .annotations()
            .getOrDefault(
                Annotations.INJECT,
                namespace == null
                    ? ""
                    : namespace.metadata().annotations().getOrDefault(Annotations.INJECT, ""));
    return inject.equals("disabled")
        ? Optional.empty()
        : Optional.of(identity(trustDomain, instance));
  }

  static SpiffeId identity(String trustDomain, Instance instance) {
    return new SpiffeId(trustDomain, instance.namespace(), instance.serviceAccount());
  }

  private Optional<HostPort> dial(Service service, Instance instance) {
    return state.detours().stream()
        .filter(detour -> detour.metadata().namespace().equals(service.metadata().namespace()))
        .filter(detour ->
            detour.targetRefs().stream()
                .anyMatch(target -> target.name().equals(service.metadata().name())))
        .filter(detour ->
            detour.endpoints().isEmpty() || detour.endpoints().contains(instance.replica()))
        .map(Detour::via)
        .findFirst();
  }
}
