package io.refmesh.control.build;

import io.refmesh.control.registry.Annotations;
import io.refmesh.control.registry.AuthorizationPolicy;
import io.refmesh.control.registry.Instances.Instance;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.Namespace;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.Service;
import io.refmesh.control.registry.TargetRef;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.InboundPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Who may call each port of an instance, how often, and what is broken on purpose. */
final class Inbound {

  private static final Pattern PROBE = Pattern.compile("(?<!\\S)(\\d{1,5})(/\\S*)");

  private final ClusterState state;
  private final String trustDomain;
  private final Ports ports;
  private final FaultInjection faults;
  private final List<Problem> problems;
  private final RateLimiting rateLimits;

  Inbound(
      ClusterState state,
      String trustDomain,
      Ports ports,
      FaultInjection faults,
      List<Problem> problems) {
    this.state = state;
    this.trustDomain = trustDomain;
    this.ports = ports;
    this.faults = faults;
    this.problems = problems;
    rateLimits = new RateLimiting(state, trustDomain, ports, problems);
    for (AuthorizationPolicy policy : state.authorizationPolicies()) {
      for (int index = 0; index < policy.targetRefs().size(); index++) {
        TargetRef target = policy.targetRefs().get(index);
        String name = policy.metadata().namespace() + "/" + target.name();
        if (target.kind() == TargetRef.Kind.SERVICE && !state.services().containsKey(name)) {
          problems.add(
              policy.problem(
                  "spec.targetRefs[" + index + "]",
                  "there is no Service "
                      + name
                      + " (expected: an existing Service; the policy grants and refuses nothing"
                      + " there)"));
        }
      }
    }
  }

  InboundPolicy of(Instance instance) {
    List<InboundPolicy.Port> inbound = new ArrayList<>();
    for (int number : ports.inbound(instance)) {
      List<Service> services = ports.servicesTo(instance, number);
      List<Authorization> authorizations = new ArrayList<>();
      for (AuthorizationPolicy policy : state.authorizationPolicies()) {
        if (attaches(policy, instance, services)) {
          authorizations.add(compile(policy));
        }
      }
      inbound.add(
          new InboundPolicy.Port(
              number,
              ports.ofInbound(instance, number),
              services.isEmpty() ? "" : services.getFirst().metadata().qualifiedName(),
              authorizations,
              rateLimits.of(instance, number),
              faults.inServer(instance, number)));
    }
    return new InboundPolicy(defaultPolicy(instance), trustDomain, inbound, probes(instance));
  }

  /** {@code 8080/ready 8080/live}; what cannot be read lets nothing through. */
  private static List<InboundPolicy.Probe> probes(Instance instance) {
    List<InboundPolicy.Probe> probes = new ArrayList<>();
    Matcher probe = PROBE.matcher(instance.annotations().getOrDefault(Annotations.PROBES, ""));
    while (probe.find()) {
      probes.add(new InboundPolicy.Probe(Integer.parseInt(probe.group(1)), probe.group(2)));
    }
    return probes;
  }

  /** Workload, then Namespace, then mesh. */
  private InboundPolicy.Default defaultPolicy(Instance instance) {
    String own = instance.annotations().get(Annotations.DEFAULT_INBOUND_POLICY);
    if (own != null) {
      try {
        return InboundPolicy.Default.parse(own);
      } catch (IllegalArgumentException e) {
        // Somebody wanted this port protected in a way we cannot read: refuse rather than let
        // everybody in.
        problems.add(
            new Problem(
                "",
                0,
                0,
                "Workload " + instance.namespace() + "/" + instance.workload(),
                "metadata.annotations." + Annotations.DEFAULT_INBOUND_POLICY,
                e.getMessage() + "; nobody may call it until it is corrected"));
        return InboundPolicy.Default.DENY;
      }
    }
    Namespace namespace = state.namespaces().get(instance.namespace());
    String wider =
        namespace == null
            ? null
            : namespace.metadata().annotations().get(Annotations.DEFAULT_INBOUND_POLICY);
    return wider == null
        ? state.config().proxy().defaultInboundPolicy()
        : InboundPolicy.Default.parse(wider);
  }

  private static boolean attaches(
      AuthorizationPolicy policy, Instance instance, List<Service> services) {
    String namespace = policy.metadata().namespace();
    boolean wholeMesh = namespace.equals(MeshConfig.SYSTEM_NAMESPACE);
    if (!policy.targetRefs().isEmpty()) {
      return policy.targetRefs().stream()
          .anyMatch(target ->
              switch (target.kind()) {
                case NAMESPACE -> target.name().equals(instance.namespace());
                case SERVICE ->
                    services.stream()
                        .anyMatch(service ->
                            service.metadata().namespace().equals(namespace)
                                && service.metadata().name().equals(target.name()));
                case HTTP_ROUTE, GRPC_ROUTE -> false;
              });
    }
    return (wholeMesh || namespace.equals(instance.namespace()))
        && Ports.hasLabels(instance, policy.selector());
  }

  private Authorization compile(AuthorizationPolicy policy) {
    return new Authorization(
        policy.metadata().qualifiedName(),
        policy.action(),
        policy.rules().stream()
            .map(rule ->
                new Authorization.Rule(rule.from().stream().map(this::compile).toList(), rule.to()))
            .toList());
  }

  private Authorization.Source compile(AuthorizationPolicy.Source source) {
    List<String> identities = new ArrayList<>(source.identities());
    source
        .serviceAccounts()
        .forEach(account ->
            identities.add(
                "spiffe://"
                    + trustDomain
                    + "/ns/"
                    + account.namespace()
                    + "/sa/"
                    + account.name()));
    source
        .namespaces()
        .forEach(
            namespace -> identities.add("spiffe://" + trustDomain + "/ns/" + namespace + "/*"));
    return new Authorization.Source(identities, source.networks());
  }
}
