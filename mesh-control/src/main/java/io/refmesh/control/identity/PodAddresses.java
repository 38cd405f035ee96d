package io.refmesh.control.identity;

import java.util.Optional;

/** Says whose an address is, as far as the control plane has heard. Thread-safe. */
@FunctionalInterface
public interface PodAddresses {

  /**
   * {@code namespace/pod} of the only pod that has this address; empty when none is known, or when
   * pods share it, as those on the network of their node do.
   */
  Optional<String> podAt(String address);
}
