package io.refmesh.control.kubernetes;

import io.refmesh.control.registry.IpAddresses;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Which pod has an address. Immutable: every certificate asks, the pods change far less often, and
 * there are thousands.
 */
final class PodsByAddress {

  private final List<Pod> pods;
  private final Map<String, List<Pod>> byAddress;

  PodsByAddress(List<Pod> pods) {
    this.pods = pods;
    byAddress = pods.stream().collect(Collectors.groupingBy(Pod::address));
  }

  /** Whether these are the very pods that it was made of. */
  @SuppressWarnings("ReferenceEquality")
  boolean of(List<Pod> others) {
    return pods == others;
  }

  /**
   * {@code namespace/name} of the pod that is known to have an address; empty for one that several
   * pods may have.
   */
  Optional<String> owner(String address) {
    List<Pod> there =
        IpAddresses.maybeCanonical(address)
            .map(canonical -> byAddress.getOrDefault(canonical, List.of()))
            .orElse(List.of());
    return there.stream().anyMatch(Pod::hostNetwork)
        ? Optional.empty()
        : there.stream().reduce(Pod::living).map(pod -> pod.namespace() + "/" + pod.name());
  }
}
