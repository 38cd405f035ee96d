package io.refmesh.control.build;

import io.refmesh.control.build.PolicyMerge.Attachment;
import io.refmesh.control.registry.FaultPolicy;
import io.refmesh.control.registry.HttpRoute;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Quantities;
import io.refmesh.control.registry.RequestRoute;
import io.refmesh.control.registry.Service;
import io.refmesh.control.registry.TargetRef;
import io.refmesh.control.state.ClusterState;
import io.refmesh.control.state.TimedFault;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.policy.Faults;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which faults are injected where: of the policies about a place the most specific one that has not
 * expired, each side for itself.
 */
final class FaultInjection {

  private final Map<Attachment, FaultPolicy> clients = new HashMap<>();
  private final WorkloadPolicies<FaultPolicy> servers;
  private final Map<FaultPolicy, Instant> ends = new HashMap<>();

  FaultInjection(ClusterState state, Ports ports, List<Problem> problems) {
    List<FaultPolicy> inServers = new ArrayList<>();
    for (TimedFault fault : state.faults()) {
      FaultPolicy policy = fault.policy();
      if (fault.end().isEmpty()) {
        problems.add(
            policy.problem(
                "spec.expiresAfter",
                "Expired: its "
                    + Quantities.text(policy.expiresAfter())
                    + " are over and it has no effect (expected: remove it, or change it to begin"
                    + " again)"));
        continue;
      }
      ends.put(policy, fault.end().get());
      requireHttp(state, policy, ports, problems);
      switch (policy.side()) {
        case SERVER -> inServers.add(policy);
        case CLIENT -> attach(state, policy, problems);
      }
    }
    servers = new WorkloadPolicies<>(inServers, state, ports, problems);
  }

  /** In the sidecar of an instance, for calls to one of its ports. */
  Optional<Faults> inServer(Instance instance, int number) {
    return servers.of(instance, number).stream().findFirst().map(this::compile);
  }

  /** In the sidecars of callers, for requests to a service that no rule of a route is about. */
  Optional<Faults> forService(Service service) {
    String namespace = service.metadata().namespace();
    return at(TargetRef.Kind.SERVICE, namespace, service.metadata().name(), "")
        .or(() -> at(TargetRef.Kind.NAMESPACE, namespace, namespace, ""))
        .or(() -> Optional.ofNullable(clients.get(PolicyMerge.MESH)))
        .map(this::compile);
  }

  /** In the sidecars of callers, for requests that a rule of a route takes. */
  Optional<Faults> forRule(Service parent, RequestRoute route, HttpRoute.Rule rule) {
    String namespace = route.metadata().namespace();
    String name = route.metadata().name();
    TargetRef.Kind kind = PolicyMerge.kind(route);
    return at(kind, namespace, name, rule.name())
        .or(() -> at(kind, namespace, name, ""))
        .map(this::compile)
        .or(() -> forService(parent));
  }

  private void attach(ClusterState state, FaultPolicy policy, List<Problem> problems) {
    List<Attachment> attachments = PolicyMerge.attachments(policy.metadata(), policy.targetRefs());
    for (int index = 0; index < attachments.size(); index++) {
      String field = policy.targetRefs().isEmpty() ? "" : "spec.targetRefs[" + index + "]";
      Optional<String> missing = PolicyMerge.missing(state, attachments.get(index));
      if (missing.isPresent()) {
        problems.add(policy.problem(field, missing.get()));
        continue;
      }
      FaultPolicy older = clients.putIfAbsent(attachments.get(index), policy);
      if (older != null) {
        problems.add(
            policy.problem(
                field,
                "has the same target as "
                    + older.metadata().qualifiedName()
                    + ", which is older and wins (expected: one policy for one target and side)"));
      }
    }
  }

  private static void requireHttp(
      ClusterState state, FaultPolicy policy, Ports ports, List<Problem> problems) {
    for (int index = 0; index < policy.targetRefs().size(); index++) {
      TargetRef target = policy.targetRefs().get(index);
      Service service = state.services().get(policy.metadata().namespace() + "/" + target.name());
      if (target.kind() == TargetRef.Kind.SERVICE
          && service != null
          && service.ports().stream()
              .map(port -> ports.ofService(service, port))
              .allMatch(p -> p == AppProtocol.OPAQUE || p == AppProtocol.TLS)) {
        problems.add(
            policy.problem(
                "spec.targetRefs[" + index + "]",
                "the Service "
                    + service.metadata().qualifiedName()
                    + " has opaque ports only (expected: a port that speaks HTTP; connections are"
                    + " not broken)"));
      }
    }
  }

  private Optional<FaultPolicy> at(
      TargetRef.Kind kind, String namespace, String name, String section) {
    return Optional.ofNullable(clients.get(new Attachment(kind, namespace, name, section)));
  }

  private Faults compile(FaultPolicy policy) {
    return new Faults(
        policy.metadata().qualifiedName(),
        policy.maxActive(),
        ends.getOrDefault(policy, Instant.EPOCH),
        policy.expiresAfter(),
        policy.faults());
  }
}
