package io.refmesh.control.registry;

import java.net.InetAddress;
import java.util.Optional;

/** IP addresses as the mesh writes them: one text for each. */
public final class IpAddresses {

  private IpAddresses() {}

  /** As sidecars write the address of a captured connection; empty for what is no address. */
  public static Optional<String> maybeCanonical(String text) {
    try {
      return Optional.of(InetAddress.ofLiteral(text).getHostAddress());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
