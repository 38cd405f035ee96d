package io.refmesh.control.registry;

import io.refmesh.model.policy.Authorization.Action;
import io.refmesh.model.policy.Authorization.Network;
import io.refmesh.model.policy.Authorization.Target;
import java.util.List;
import java.util.Map;

/**
 * Who may call what.
 *
 * @param selector labels of workloads; empty when the policy attaches by {@code targetRefs} or to
 *     its whole namespace
 */
public record AuthorizationPolicy(
    Metadata metadata,
    Origin origin,
    List<TargetRef> targetRefs,
    Map<String, String> selector,
    Action action,
    List<Rule> rules)
    implements Resource {

  public AuthorizationPolicy {
    targetRefs = List.copyOf(targetRefs);
    selector = Map.copyOf(selector);
    rules = List.copyOf(rules);
  }

  @Override
  public String kind() {
    return "AuthorizationPolicy";
  }

  /** Empty lists match everything. */
  public record Rule(List<Source> from, List<Target> to) {
    public Rule {
      from = List.copyOf(from);
      to = List.copyOf(to);
    }
  }

  public record Source(
      List<String> identities,
      List<ServiceAccount> serviceAccounts,
      List<String> namespaces,
      List<Network> networks) {
    public Source {
      identities = List.copyOf(identities);
      serviceAccounts = List.copyOf(serviceAccounts);
      namespaces = List.copyOf(namespaces);
      networks = List.copyOf(networks);
    }
  }

  public record ServiceAccount(String namespace, String name) {}
}
